/**
 * SHA-1 (FIPS 180-4), for what Tor's older formats name by it: fingerprints of RSA keys, some signatures. It shares its block
 * function with the running digest of relay cells.
 *
 * @module
 */
import { BLOCK_SIZE, compress } from '../base/sha1-block.ts'

/** A SHA-1 that is fed in pieces. */
export class Sha1 {
  readonly #state = Int32Array.of(0x67452301, -0x10325477, -0x67452302, 0x10325476, -0x3c2d1e10)
  readonly #block = new Uint8Array(BLOCK_SIZE)
  readonly #view = new DataView(this.#block.buffer)
  #length = 0

  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const filled = this.#length % BLOCK_SIZE
      const part = bytes.subarray(at, at + BLOCK_SIZE - filled)
      this.#block.set(part, filled)
      this.#length += part.length
      at += part.length
      if (this.#length % BLOCK_SIZE === 0) compress(this.#state, this.#view, 0, BLOCK_SIZE)
    }
    return this
  }

  /** The digest, 20 bytes. Nothing may be added after it. */
  digest(): Uint8Array<ArrayBuffer> {
    const length = this.#length
    // Padding (section 5.1.1): one bit, zeros, and the length in bits at the end of a block.
    const zeros = (2 * BLOCK_SIZE - 9 - (length % BLOCK_SIZE)) % BLOCK_SIZE
    const padding = new Uint8Array(9 + zeros)
    padding[0] = 0x80
    new DataView(padding.buffer).setBigUint64(1 + zeros, BigInt(8 * length))
    this.update(padding)
    const digest = new DataView(new ArrayBuffer(20))
    for (const [at, word] of this.#state.entries()) digest.setInt32(4 * at, word)
    this.#block.fill(0) // it may have been a secret
    return new Uint8Array(digest.buffer)
  }
}

/** SHA-1 of `bytes`, 20 bytes. */
export const sha1 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Sha1().update(bytes).digest()
