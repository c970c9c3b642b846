/**
 * The digest of relay cells, as each runtime makes it.
 *
 * @module
 */

/**
 * The running SHA-1 over the relay cells of one direction at one hop (tor-spec, "Relay cell digests"); with an onion
 * service SHA3-256.
 */
export interface RunningDigest {
  /**
   * Adds the 509-byte cell at `offset`, whose digest field is zero, and writes the first 4 bytes of the digest into
   * that field.
   */
  seal(bodies: Uint8Array, offset: number): void
  /**
   * True when the cell at `offset` bears the right digest: then it is part of the digest from now on. Otherwise nothing
   * has changed, the cell included. The comparison takes the same time whatever the bytes are.
   */
  verify(bodies: Uint8Array, offset: number): boolean
  /** The first 20 bytes of the digest after the last cell that was added: an authenticated SENDME's tag. A fresh copy. */
  tag(): Uint8Array
}

/** A hash of what is long, fed piece by piece. */
export interface LongHash {
  /** Adds bytes, which are not kept. */
  update(bytes: Uint8Array): unknown
  /** The digest of all that was added. Once. */
  digest(): Uint8Array
}
