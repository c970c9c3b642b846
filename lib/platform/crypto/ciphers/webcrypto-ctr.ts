/**
 * A keystream by WebCrypto, which only works asynchronously: keystream is made ahead by encrypting zeros, and taking it
 * is synchronous while it lasts. For browsers, and for Deno, whose node:crypto is slower.
 *
 * One request is under way at a time, so blocks arrive in order. The next one starts when less than half a block is
 * left; blocks begin small and double while they are used up, so that an idle circuit holds little and a busy one never
 * waits.
 *
 * @module
 */
import type { Keystream } from './keystream.ts'
import { xorInto } from './xor.ts'

/** Bytes of the first block of keystream that is made. */
export const FIRST_BLOCK = 4096

/** Bytes of the largest block that is made in one request. */
export const LARGEST_BLOCK: number = 256 * 1024

const AES_BLOCK = 16

/** What is encrypted to get keystream. Shared by all, as long as the longest request so far. */
let zeros = new Uint8Array(FIRST_BLOCK)

/** The part of `SubtleCrypto` that a keystream needs. */
export type CipherSubtle = Pick<SubtleCrypto, 'importKey' | 'encrypt'>

/** AES-128 or AES-256 in counter mode from a zero counter. */
export class WebCryptoKeystream implements Keystream {
  readonly #subtle: CipherSubtle
  #key: Uint8Array<ArrayBuffer> | CryptoKey
  /** Keystream that is ready, in order. #offset bytes of the first block are used up. */
  readonly #blocks: Uint8Array[] = []
  #offset = 0
  #available = 0
  /** Where the next block starts in the whole keystream: a multiple of 16. */
  #next = 0
  #blockSize = FIRST_BLOCK
  /** The request that is under way. */
  #making: Promise<void> | undefined
  #failed = false
  #failure: unknown

  /**
   * Takes a key of 16 or 32 bytes, which stays unchanged until the first `refill` has resolved. Begins to make
   * keystream.
   */
  constructor(key: Uint8Array, subtle: CipherSubtle = globalThis.crypto.subtle) {
    this.#subtle = subtle
    this.#key = new Uint8Array(key)
    void this.#make()
  }

  get available(): number {
    return this.#available
  }

  /** Rejects with WebCrypto's error when there is no more keystream to be had. */
  async refill(bytes: number): Promise<void> {
    while (this.#available < bytes) {
      if (this.#failed) throw this.#failure
      await this.#make(bytes - this.#available)
    }
  }

  /** Works in place. */
  apply(data: Uint8Array): Uint8Array {
    const length = data.length
    if (length > this.#available) {
      throw new RangeError(`Cannot take ${length} bytes of keystream as ${this.#available} are available`)
    }
    this.#available -= length
    let done = 0
    while (done < length) {
      const block = this.#blocks[0] as Uint8Array
      const size = Math.min(length - done, block.length - this.#offset)
      xorInto(data, done, block, this.#offset, size)
      done += size
      this.#offset += size
      if (this.#offset === block.length) {
        this.#blocks.shift()
        this.#offset = 0
      }
    }
    if (this.#available < this.#blockSize / 2 && this.#making === undefined && !this.#failed) {
      this.#blockSize = Math.min(2 * this.#blockSize, LARGEST_BLOCK)
      void this.#make()
    }
    return data
  }

  /**
   * Makes one block of at least `wanted` bytes, as far as a block can; or waits for the one under way. Never rejects.
   */
  #make(wanted = 0): Promise<void> {
    this.#making ??= this.#request(Math.max(this.#blockSize, Math.min(wanted, LARGEST_BLOCK)))
      .then(
        (block) => {
          this.#blocks.push(block)
          this.#available += block.length
        },
        (error: unknown) => {
          this.#failed = true
          this.#failure = error
        },
      )
      .finally(() => {
        this.#making = undefined
      })
    return this.#making
  }

  async #request(wanted: number): Promise<Uint8Array> {
    const size = Math.ceil(wanted / AES_BLOCK) * AES_BLOCK
    if (this.#key instanceof Uint8Array) {
      const bytes = this.#key
      this.#key = await this.#subtle.importKey('raw', bytes, 'AES-CTR', false, ['encrypt'])
      bytes.fill(0)
    }
    if (zeros.length < size) zeros = new Uint8Array(size)
    const counter = new Uint8Array(AES_BLOCK)
    const view = new DataView(counter.buffer)
    const block = this.#next / AES_BLOCK
    view.setUint32(8, Math.floor(block / 0x1_0000_0000))
    view.setUint32(12, block >>> 0)
    this.#next += size
    const algorithm = { name: 'AES-CTR', counter, length: 64 }
    return new Uint8Array(await this.#subtle.encrypt(algorithm, this.#key, zeros.subarray(0, size)))
  }
}
