/**
 * The functions that onion services are made of (rend-spec-v3, "Notation and encoding" and "Cryptographic building
 * blocks"): SHA3-256, SHAKE-256, and a MAC with the key ahead of the message.
 *
 * @module
 */
import { asciiBytes } from '../cell/bytes.ts'
import { sha3Functions } from '../platform/crypto/digests/sha3.ts'

/** Bytes of a digest, of a MAC and of the key of a MAC. */
export const DIGEST_SIZE = 32

/** What is hashed: bytes, or a text of ASCII characters. */
export type Hashed = Uint8Array | string

const bytesOf = (part: Hashed): Uint8Array => (typeof part === 'string' ? asciiBytes(part) : part)

/** SHA3-256 of all parts, one after the other. */
export const sha3 = (...parts: readonly Hashed[]): Uint8Array<ArrayBuffer> => sha3Functions.sha3(...parts.map(bytesOf))

/** The first `length` bytes of SHAKE-256 of all parts, one after the other. */
export const shake = (length: number, ...parts: readonly Hashed[]): Uint8Array<ArrayBuffer> =>
  sha3Functions.shake256(length, ...parts.map(bytesOf))

/** MAC of `parts`, one after the other: the key goes first, behind its length. */
export function mac(key: Uint8Array, ...parts: readonly Hashed[]): Uint8Array<ArrayBuffer> {
  return sha3(u64(key.length), key, ...parts)
}

/** A whole number in 8 bytes. */
export function u64(value: number | bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}
