/**
 * The RSA public operation, as each runtime makes it.
 *
 * @module
 */

/** Raises signatures to the power of public exponents. */
export interface RsaPublicOperation {
  /**
   * The RSA public operation (signature ^ exponent mod modulus), as many bytes as the modulus has. Inputs are
   * big-endian.
   *
   * @throws TorError `LINK_CERTS` when the numbers are no usable key and no signature under it
   */
  rsaPublic(signature: Uint8Array, modulus: Uint8Array, exponent: Uint8Array): Uint8Array
}
