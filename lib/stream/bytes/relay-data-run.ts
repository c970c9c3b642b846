/**
 * One written chunk on its way into cells: bytes that are cut as they are packed, never ahead, and the promise that
 * they are.
 *
 * @module
 */
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import { SocketError } from '../../base/errors.ts'

/**
 * A chunk's bytes as a view of fixed length: one that follows a buffer which grows would say that it is another chunk.
 *
 * @throws TypeError when it has none
 * @throws SocketError `CHUNK_DETACHED`
 */
export function bytesOf(chunk: unknown): Uint8Array {
  const buffer = ArrayBuffer.isView(chunk) ? chunk.buffer : isArrayBuffer(chunk) ? chunk : undefined
  if (buffer === undefined)
    throw new TypeError(`Cannot write the chunk as it is no ArrayBuffer or view of one: ${typeof chunk}`)
  if (buffer.byteLength === 0) checkBuffer(buffer)
  const { byteOffset, byteLength } = ArrayBuffer.isView(chunk)
    ? chunk
    : { byteOffset: 0, byteLength: buffer.byteLength }
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Also true for one of another realm. */
const isArrayBuffer = (value: unknown): value is ArrayBuffer =>
  value instanceof ArrayBuffer || Object.prototype.toString.call(value) === '[object ArrayBuffer]'

/** A buffer that was transferred away has length 0, like an empty one; but no view can be made of it. */
function checkBuffer(buffer: ArrayBufferLike): void {
  try {
    new Uint8Array(buffer)
  } catch {
    throw detached() // the one reason why it can fail
  }
}

/** What the write of a chunk fails with whose bytes are gone. */
export const detached = (): SocketError =>
  new SocketError('CHUNK_DETACHED', 'the chunk was transferred away before its write was done')

/** A lazy run of pieces of one chunk. It copies nothing; whoever packs it does. */
export class RelayDataRun {
  readonly #bytes: Uint8Array
  readonly #length: number
  readonly #packed: Deferred<void> = deferred()
  #offset = 0
  #isPacked = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#length = bytes.byteLength
  }

  /** Bytes not taken yet. */
  get remaining(): number {
    return this.#length - this.#offset
  }

  /** True when all of it is packed. */
  get isPacked(): boolean {
    return this.#isPacked
  }

  /** Settles when the run is packed, or has failed. */
  get packed(): Promise<void> {
    return this.#packed.promise
  }

  /**
   * Throws when the chunk's buffer was transferred away, or shrank, since it was written.
   *
   * @throws SocketError `CHUNK_DETACHED`
   */
  checkAttached(): void {
    if (this.#bytes.byteLength !== this.#length) throw detached()
  }

  /** Takes the next `size` bytes, or all that are left, as a view. */
  take(size: number): Uint8Array {
    const start = this.#offset
    this.#offset = Math.min(this.#length, start + size)
    return this.#bytes.subarray(start, this.#offset)
  }

  /** Every byte is in a cell, or in one that is sealed at the end of this turn. */
  finish(): void {
    this.#isPacked = true
    this.#packed.resolve()
  }

  /** The rest will not be packed. */
  fail(reason: unknown): void {
    this.#packed.reject(reason)
  }
}
