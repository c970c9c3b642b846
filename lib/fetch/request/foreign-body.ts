/**
 * Bodies of another realm or package: undici's own FormData, node-fetch's Blob, an iframe's URLSearchParams. They are
 * told by the standard's brand (`Symbol.toStringTag`) and by the methods that are used of them; `instanceof` tells
 * those of this realm only.
 *
 * @module
 */

/** What is used of a Blob or a File. */
export interface BlobLike {
  readonly size: number
  readonly type: string
  /** The bytes: a stream of the standard, or of a package that only iterates. */
  stream(): ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>
  /** Of a File. */
  readonly name?: string
}

/** What is used of a FormData. */
export interface FormDataLike {
  forEach(callback: (value: string | BlobLike, name: string) => void): void
}

/** The brand of the standard's interfaces, and of what is like them. */
export const brandOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1)

const has = (value: unknown, ...methods: readonly string[]): boolean =>
  methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function')

/** A stream, of whatever make: its reader is what counts. */
export const isStream = (value: unknown): value is ReadableStream<Uint8Array> =>
  typeof value === 'object' && value !== null && has(value, 'getReader')

/** A Blob or a File. */
export function isBlob(value: unknown): value is BlobLike {
  if (!['Blob', 'File'].includes(brandOf(value)) || !has(value, 'stream')) return false
  const { size, type } = value as BlobLike
  return Number.isSafeInteger(size) && size >= 0 && typeof type === 'string'
}

/** A FormData. */
export const isFormData = (value: unknown): value is FormDataLike =>
  brandOf(value) === 'FormData' && has(value, 'append', 'delete', 'get', 'getAll', 'has', 'set', 'forEach')

/** A URLSearchParams. */
export const isSearchParams = (value: unknown): value is URLSearchParams =>
  brandOf(value) === 'URLSearchParams' && has(value, 'append', 'get', 'toString')

/** A Request. */
export const isRequest = (value: unknown): value is Request => brandOf(value) === 'Request'

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
