/**
 * The key agreement of the handshakes, as each runtime makes it.
 *
 * @module
 */

/** A secret key of X25519, in whatever form the runtime computes with. Only the {@link X25519} that made it takes it. */
export interface X25519SecretKey {
  /** The secret is overwritten where its bytes are ours, and let go of where they are the runtime's. */
  forget(): void
}

/** A key pair of X25519. */
export interface X25519KeyPair {
  /** The caller's to forget when it is not needed any more. */
  readonly secretKey: X25519SecretKey
  /** What the other side gets: 32 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * Diffie-Hellman on Curve25519 (RFC 7748, section 6.1). Public keys and shared secrets have 32 bytes, and what is
 * returned is a fresh copy. What is given must stay as it is until the promise has settled. What is said to throw rejects.
 */
export interface X25519 {
  /** A new key pair, from the runtime's source of randomness. */
  generateKeyPair(): Promise<X25519KeyPair>
  /**
   * The key whose 32 bytes are known; they are copied.
   *
   * @throws RangeError when they are not 32
   */
  secretKey(bytes: Uint8Array): Promise<X25519SecretKey>
  /**
   * The public key that belongs to a secret key.
   *
   * @throws TypeError when the secret is forgotten
   */
  publicKey(secretKey: X25519SecretKey): Promise<Uint8Array>
  /**
   * What both sides share.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` for a public key of small order, which makes the result zero whatever the
   * secret is
   * @throws RangeError when the public key has not 32 bytes
   * @throws TypeError when the secret is forgotten
   */
  sharedSecret(secretKey: X25519SecretKey, publicKey: Uint8Array): Promise<Uint8Array>
}
