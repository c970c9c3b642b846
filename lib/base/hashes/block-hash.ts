/**
 * What SHA-1 and SHA-256 have in common (FIPS 180-4, sections 5 and 6): blocks of 64 bytes, a state of a few words, and padding
 * that ends with the length.
 *
 * @module
 */

/** Bytes of a block. */
export const BLOCK_SIZE = 64

/** Adds the blocks of `view` from `from` up to `to`, a whole number of blocks, to the words of `state`. */
export type Compress = (state: Int32Array, view: DataView, from: number, to: number) => void

/** A hash that is fed in pieces. */
export class BlockHash {
  readonly #state: Int32Array
  readonly #compress: Compress
  /** What makes no whole block yet, in its first `#length % BLOCK_SIZE` bytes. */
  readonly #block = new Uint8Array(BLOCK_SIZE)
  readonly #view = new DataView(this.#block.buffer)
  #length = 0

  /** @param initial - the state of nothing */
  constructor(initial: Int32Array, compress: Compress) {
    this.#state = initial.slice()
    this.#compress = compress
  }

  /** Adds bytes, which are not kept. */
  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const filled = this.#length % BLOCK_SIZE
      const left = bytes.length - at
      let size = Math.min(BLOCK_SIZE - filled, left)
      if (filled === 0 && left >= BLOCK_SIZE) {
        size = left - (left % BLOCK_SIZE)
        this.#compress(this.#state, new DataView(bytes.buffer, bytes.byteOffset + at, size), 0, size)
      } else {
        this.#block.set(bytes.subarray(at, at + size), filled)
        if (filled + size === BLOCK_SIZE) this.#compress(this.#state, this.#view, 0, BLOCK_SIZE)
      }
      this.#length += size
      at += size
    }
    return this
  }

  /** The digest of all that was added. Nothing may be added after it. */
  digest(): Uint8Array<ArrayBuffer> {
    const length = this.#length
    // Padding (section 5.1.1): one bit, zeros, and the length in bits at the end of a block.
    const zeros = (2 * BLOCK_SIZE - 9 - (length % BLOCK_SIZE)) % BLOCK_SIZE
    const padding = new Uint8Array(9 + zeros)
    padding[0] = 0x80
    new DataView(padding.buffer).setBigUint64(1 + zeros, BigInt(8 * length))
    this.update(padding)
    const digest = new DataView(new ArrayBuffer(4 * this.#state.length))
    for (const [at, word] of this.#state.entries()) digest.setInt32(4 * at, word)
    for (const used of [this.#block, this.#state]) used.fill(0) // it may have been a secret
    return new Uint8Array(digest.buffer)
  }
}
