/**
 * What a stream pair is built with.
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
