/**
 * A keystream by the runtime's own synchronous cipher: `createCipheriv` of node:crypto, in Node and in Bun. (Deno's is
 * several times slower than its WebCrypto.)
 *
 * A call costs about 1 us and a cell after that about 0.1 us, so callers hand over whole batches. Keystream made ahead
 * pays only where batches stay under four cells; there is none here.
 *
 * @module
 */
import type { Keystream } from './keystream.ts'

/** The part of node:crypto that a keystream needs. */
export interface CipherModule {
  createCipheriv(algorithm: string, key: Uint8Array, iv: Uint8Array): { update(data: Uint8Array): Uint8Array }
}

const ZERO_COUNTER = new Uint8Array(16)

/** AES-128 or AES-256 in counter mode from a zero counter. */
export class NativeKeystream implements Keystream {
  readonly available: number = Infinity
  readonly #cipher: ReturnType<CipherModule['createCipheriv']>

  /** Takes a key of 16 or 32 bytes. */
  constructor(crypto: CipherModule, key: Uint8Array) {
    this.#cipher = crypto.createCipheriv(`aes-${8 * key.length}-ctr`, key, ZERO_COUNTER)
  }

  refill(): Promise<void> {
    return Promise.resolve()
  }

  /** Returns a fresh buffer. It is no Buffer, whose `slice` and `subarray` behave and perform differently. */
  apply(data: Uint8Array): Uint8Array {
    const result = this.#cipher.update(data)
    return new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
  }
}
