/**
 * The RSA public operation by node:crypto, in Node and in Bun. (Deno's node:crypto has no raw RSA.)
 *
 * @module
 */
import { base64url } from '../jwk.ts'
import { checkRsa, rsaError } from './rsa.ts'

/** The part of node:crypto that the operation needs. */
export interface RsaModule {
  readonly constants: { readonly RSA_NO_PADDING: number }
  createPublicKey(options: { readonly key: object; readonly format: 'jwk' }): object
  publicEncrypt(options: { readonly key: object; readonly padding: number }, data: Uint8Array): Uint8Array
}

/**
 * `signature` to the power of `exponent` modulo `modulus`, as many bytes as the modulus has without leading zeros.
 *
 * @throws TorError `LINK_CERTS` when the numbers are no usable RSA key and signature
 */
export function nativeRsaPublic(
  crypto: RsaModule,
  signature: Uint8Array,
  modulus: Uint8Array,
  exponent: Uint8Array,
): Uint8Array {
  const input = checkRsa(signature, modulus, exponent)
  try {
    const jwk = { kty: 'RSA', n: base64url(input.modulus), e: base64url(input.exponent) }
    const key = crypto.createPublicKey({ key: jwk, format: 'jwk' })
    return new Uint8Array(crypto.publicEncrypt({ key, padding: crypto.constants.RSA_NO_PADDING }, input.signature))
  } catch (cause) {
    throw rsaError('the key is not usable', cause)
  }
}
