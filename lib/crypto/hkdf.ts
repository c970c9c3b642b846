/**
 * HKDF (RFC 5869), whose two steps are called apart.
 *
 * @module
 */
import { hmac } from '@noble/hashes/hmac.js'
import type { sha256, sha384 } from '@noble/hashes/sha2.js'

/** A hash that keys are derived with. */
export type KeyHash = typeof sha256 | typeof sha384

/** HKDF-Extract (section 2.2). */
export const extract = (hash: KeyHash, secret: Uint8Array, salt: Uint8Array): Uint8Array => hmac(hash, salt, secret)

/**
 * HKDF-Expand (section 2.3).
 *
 * @throws RangeError when `length` is more than 255 digests have
 */
export function expand(hash: KeyHash, key: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const { outputLen } = hash
  if (length > 255 * outputLen) throw new RangeError(`HKDF gives no ${length} bytes`)
  const blocks = Math.ceil(length / outputLen)
  const output = new Uint8Array(blocks * outputLen)
  for (let block = 1; block <= blocks; block++) {
    const at = (block - 1) * outputLen
    const before = output.subarray(Math.max(at - outputLen, 0), at)
    output.set(hmac.create(hash, key).update(before).update(info).update(Uint8Array.of(block)).digest(), at)
  }
  return output.slice(0, length)
}
