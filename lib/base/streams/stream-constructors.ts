/**
 * What a stream pair is built with: the runtime's own Web Streams, unless the caller brings others.
 *
 * @module
 */

/** The constructors that a stream pair is made with. */
export interface StreamConstructors {
  /** Makes `readable`. */
  readonly ReadableStream: typeof ReadableStream
  /** Makes `writable`. */
  readonly WritableStream: typeof WritableStream
  /** Makes the chunker between them. */
  readonly TransformStream: typeof TransformStream
}

/** A byte stream (with BYOB readers), or a default stream of byte chunks. */
export type ReadableType = 'bytes' | 'default'

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
