/**
 * The key agreement of the handshakes, as each runtime makes it.
 *
 * @module
 */

/** A key pair of X25519; 32 bytes each. */
export interface X25519KeyPair {
  /** The caller's to overwrite when it is not needed any more. */
  readonly secretKey: Uint8Array
  /** What the other side gets. */
  readonly publicKey: Uint8Array
}

/**
 * Diffie-Hellman on Curve25519 (RFC 7748, section 6.1). Keys and secrets have 32 bytes, and what is returned is a fresh
 * copy.
 */
export interface X25519 {
  /** A new key pair, from the runtime's source of randomness. */
  generateKeyPair(): X25519KeyPair
  /** The public key that belongs to a secret key. */
  publicKey(secretKey: Uint8Array): Uint8Array
  /**
   * What both sides share.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` for a public key of small order, which makes the result zero whatever the
   * secret is
   */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array
}
