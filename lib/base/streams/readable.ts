/**
 * Readable streams of bytes, as all of ours are: with high-water mark 0, so that a pull is the demand of a reader; byte
 * streams where there are any; and ended in the one way that fits both kinds.
 *
 * @module
 */
import { atEndOfTurn } from '../waiting/end-of-turn.ts'
import type { ReadableType, StreamConstructors } from './stream-constructors.ts'

/** The controller of a readable of either kind. */
export type ReadableController = ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

/** The source of a readable of either kind. */
export interface ReadableSource {
  start(controller: ReadableController): void
  /** Does not reject. */
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
      ? new streams.ReadableStream(byteSource(source), strategy)
      : new streams.ReadableStream(source, strategy)
  return readable
}

/**
 * The source of a byte stream, which is pulled from for every read into a buffer. The standard forgets one: a read that
 * comes while a pull is not yet over, and whose reader is released before it is, stays behind as the place of the next
 * one, and for a read that joins it nothing is pulled (ReadableByteStreamControllerPullInto). So whoever waits at the end
 * of a turn in which a pull was over is pulled for here.
 */
function byteSource(source: ReadableSource): UnderlyingByteSource {
  let controller!: ReadableByteStreamController
  let pulling: Promise<void> | undefined
  let isArranged = false
  const look = (): void => {
    isArranged = false
    if (pulling === undefined && controller.byobRequest !== null) ask()
  }
  const lookLater = (): void => {
    if (isArranged) return
    isArranged = true
    atEndOfTurn(look)
  }
  const ask = (): void => {
    pulling ??= source.pull()?.finally(() => {
      pulling = undefined
      lookLater()
    })
  }
  return {
    type: 'bytes',
    start(given) {
      controller = given
      source.start(given)
      lookLater()
    },
    pull() {
      ask()
      if (pulling === undefined) lookLater()
      return pulling
    },
    cancel: (reason) => source.cancel(reason),
  }
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
