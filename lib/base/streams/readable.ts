/**
 * Readable streams of bytes, as all of ours are: with high-water mark 0, so that a pull is the demand of a reader; byte
 * streams where there are any; and ended in the one way that fits both kinds.
 *
 * @module
 */
import type { ReadableType, StreamConstructors } from './stream-constructors.ts'

/** The controller of a readable of either kind. */
export type ReadableController = ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

/** The source of a readable of either kind. */
export interface ReadableSource {
  start(controller: ReadableController): void
  pull(): Promise<void> | void
  cancel(reason: unknown): void
}

const byteSupport = new WeakMap<typeof ReadableStream, boolean>()

/** True when these streams include readable byte streams. Tried once for each constructor. */
export function hasByteStreams({ ReadableStream }: Pick<StreamConstructors, 'ReadableStream'>): boolean {
  let supported = byteSupport.get(ReadableStream)
  if (supported === undefined) {
    try {
      new ReadableStream({ type: 'bytes' })
      supported = true
    } catch {
      supported = false // WebKit before 26.4: "ReadableByteStreamController is not implemented"
    }
    byteSupport.set(ReadableStream, supported)
  }
  return supported
}

/**
 * Makes a readable: a byte stream where there are any, unless `type` says which kind.
 *
 * @param streams - what it is made with; the runtime's own by default
 */
export function makeReadable(
  source: ReadableSource,
  streams: Pick<StreamConstructors, 'ReadableStream'> = globalThis,
  type: ReadableType = hasByteStreams(streams) ? 'bytes' : 'default',
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const strategy = { highWaterMark: 0 }
  const readable =
    type === 'bytes'
      ? new streams.ReadableStream({ ...source, type: 'bytes' }, strategy)
      : new streams.ReadableStream(source, strategy)
  return readable
}

/**
 * Closes a readable that is neither closed nor errored; never throws. A byte stream keeps a pending BYOB read until it
 * is answered. When an odd byte waits in a view of larger elements it cannot be delivered: then the standard has the
 * stream end as an error.
 */
export function closeReadable(controller: ReadableController): void {
  try {
    controller.close()
    if ('byobRequest' in controller) controller.byobRequest?.respond(0)
  } catch (error) {
    controller.error(error) // most engines have done so before they threw
  }
}
