/**
 * HKDF (RFC 5869) with SHA-256, whose two steps are called apart.
 *
 * @module
 */
import { hmac } from './hmac.ts'

/** Bytes of a digest. */
const DIGEST_SIZE = 32

/** HKDF-Extract (section 2.2). */
export const extract = (secret: Uint8Array, salt: Uint8Array): Uint8Array<ArrayBuffer> => hmac(salt, secret)

/**
 * HKDF-Expand (section 2.3).
 *
 * @throws RangeError when `length` is more than 255 digests have
 */
export function expand(key: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (length > 255 * DIGEST_SIZE) throw new RangeError(`HKDF gives no ${length} bytes`)
  const blocks = Math.ceil(length / DIGEST_SIZE)
  const output = new Uint8Array(blocks * DIGEST_SIZE)
  for (let block = 1; block <= blocks; block++) {
    const at = (block - 1) * DIGEST_SIZE
    const before = output.subarray(Math.max(at - DIGEST_SIZE, 0), at)
    output.set(hmac(key, before, info, Uint8Array.of(block)), at)
  }
  return output.slice(0, length)
}
