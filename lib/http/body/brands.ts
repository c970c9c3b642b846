/**
 * Streams and bytes of whatever realm or package, told by the standard's brand (`Symbol.toStringTag`) and by their methods.
 *
 * @module
 */

/** The brand of the standard's interfaces, and of what is like them. */
export const brandOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1)

/** A stream, of whatever make: its reader is what counts. */
export const isStream = (value: unknown): value is ReadableStream<Uint8Array> =>
  typeof value === 'object' && value !== null && typeof (value as { getReader?: unknown }).getReader === 'function'

/**
 * The bytes of an ArrayBuffer or a view of any realm, not copied; undefined when it is neither.
 *
 * @throws TypeError for what claims to be one
 */
export function bytesOfBuffer(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (brandOf(value) !== 'ArrayBuffer') return undefined
  byteLengthOf.call(value) // throws for what has the brand only
  return new Uint8Array(value as ArrayBuffer)
}

/** Knows an ArrayBuffer of any realm. */
const byteLengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as () => number

/** A chunk of a stream as bytes of this realm; undefined when it is no Uint8Array. */
export function bytesOfChunk(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return ArrayBuffer.isView(value) && brandOf(value) === 'Uint8Array' ? bytesOfBuffer(value) : undefined
}
