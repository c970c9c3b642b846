/**
 * Which Web Streams a stream is made of: the runtime's own, unless the caller brings others.
 *
 * @module
 */
import type { StreamConstructors } from '../contract/stream-constructors.ts'

const byteSupport = new WeakMap<typeof ReadableStream, boolean>()

/** True when these streams include readable byte streams. Tried once for each constructor. */
export function hasByteStreams({ ReadableStream }: StreamConstructors): boolean {
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
 * The runtime's own streams.
 *
 * @throws TypeError where it has none.
 */
export function nativeStreams(): StreamConstructors {
  const { ReadableStream, WritableStream, TransformStream } = globalThis as Partial<StreamConstructors>
  if (!ReadableStream || !WritableStream || !TransformStream) {
    throw new TypeError('This runtime has no Web Streams: give a ponyfill as the option streams')
  }
  return { ReadableStream, WritableStream, TransformStream }
}
