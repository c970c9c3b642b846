/**
 * HMAC with SHA-256 (RFC 2104).
 *
 * @module
 */
import { BLOCK_SIZE } from '../base/hashes/block-hash.ts'
import { Sha256, sha256 } from '../base/hashes/sha256.ts'

/** HMAC of all parts of a message, one after the other. */
export function hmac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const pad = new Uint8Array(BLOCK_SIZE)
  pad.set(key.length > BLOCK_SIZE ? sha256(key) : key)
  const padWith = (byte: number): Uint8Array => pad.map((each) => each ^ byte)
  const [innerPad, outerPad] = [padWith(0x36), padWith(0x5c)]
  const inner = new Sha256().update(innerPad)
  for (const part of message) inner.update(part)
  const digest = inner.digest()
  const mac = new Sha256().update(outerPad).update(digest).digest()
  for (const used of [pad, innerPad, outerPad, digest]) used.fill(0)
  return mac
}
