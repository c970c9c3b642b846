/**
 * SHA3-256 and SHAKE256 (FIPS 202) of the few bytes that a handshake hashes.
 *
 * @module
 */

/** The two functions, each of its parts one after the other. */
export interface Sha3Functions {
  /** SHA3-256: 32 bytes. */
  sha3(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
  /** The first `length` bytes of SHAKE256. */
  shake256(length: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
}
