/**
 * RSA public keys as Tor writes them: a DER RSAPublicKey (RFC 8017, appendix A.1.1).
 *
 * @module
 */
import { DerReader } from './der.ts'

/** An RSA public key. */
export interface RsaPublicKey {
  /** Big-endian, without leading zeros. */
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
  /** The key as a DER RSAPublicKey (RFC 8017, appendix A.1.1), whose SHA-1 is the RSA identity. */
  readonly der: Uint8Array
}

/** Reads a DER RSAPublicKey. Its byte arrays are views. Throws a TorError `CELL_MALFORMED` for anything else. */
export function parseRsaPublicKey(der: Uint8Array): RsaPublicKey {
  const outer = new DerReader(der, 'RSA public key')
  const key = outer.sequence()
  outer.end()
  const modulus = key.positiveInteger()
  const exponent = key.positiveInteger()
  key.end()
  return { modulus, exponent, der }
}
