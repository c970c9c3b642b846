/**
 * Bodies of another realm or package: undici's own FormData, node-fetch's Blob, an iframe's URLSearchParams. They are
 * told by the standard's brand (`Symbol.toStringTag`) and by the methods that are used of them; `instanceof` tells
 * those of this realm only.
 *
 * @module
 */
import { brandOf } from '../../http/body/brands.ts'

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

const has = (value: unknown, ...methods: readonly string[]): boolean =>
  methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function')

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
