/**
 * One written chunk on its way into cells: bytes that are cut as they are packed, never ahead, and the promise that they are.
 *
 * @module
 */
import { deferred, type Deferred } from '../deferred.ts'
import { SocketError } from '../errors.ts'

/** A chunk's bytes as a view. */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw new TypeError(`Cannot write the chunk as it is no ArrayBuffer or view of one: ${typeof chunk}`)
}

/** A lazy run of pieces of one chunk. It copies nothing; whoever packs it does. */
export class RelayDataRun {
  readonly #bytes: Uint8Array
  readonly #length: number
  readonly #packed: Deferred<void> = deferred()
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#length = bytes.byteLength
  }

  /** Bytes not taken yet. */
  get remaining(): number {
    return this.#length - this.#offset
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
    if (this.#bytes.byteLength !== this.#length) {
      throw new SocketError('CHUNK_DETACHED', 'the chunk was transferred away while its write waited')
    }
  }

  /** Takes the next `size` bytes, or all that are left, as a view. */
  take(size: number): Uint8Array {
    const start = this.#offset
    this.#offset = Math.min(this.#length, start + size)
    return this.#bytes.subarray(start, this.#offset)
  }

  /** Every byte is in a cell, or in one that is sealed at the end of this turn. */
  finish(): void {
    this.#packed.resolve()
  }

  /** The rest will not be packed. */
  fail(reason: unknown): void {
    this.#packed.reject(reason)
  }
}
