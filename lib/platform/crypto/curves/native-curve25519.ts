/**
 * X25519 and Ed25519 by node:crypto, in Node, Deno and Bun: a fraction of a millisecond each. In JavaScript they take
 * one or two, and the first of them in a process tens of milliseconds, until its code is compiled.
 *
 * Secret keys that are made here never leave node:crypto. Public keys go in as JSON Web Keys (RFC 8037), and come out as what
 * the secret has in common with the base point. They are not exported: Node 20 stands still for ever when a collection of garbage
 * falls into the export of a key that was just made, as the export holds a lock that the end of its making wants (once in about a
 * million keys; in DER it does not, but takes twice as long as this).
 *
 * @module
 */
import { agreedOn, BASE_POINT_U, HeldKey, isWorthVerifying, pkcs8 } from './curve25519.ts'
import { base64url } from '../jwk.ts'
import type { X25519 } from './x25519.ts'

/** A public key. */
interface PublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'X25519' | 'Ed25519'
  readonly x: string
}

/** The part of node:crypto that is used. */
export interface CurveModule {
  generateKeyPairSync(type: 'x25519'): { readonly privateKey: object }
  createPrivateKey(key: { readonly key: Uint8Array; readonly format: 'der'; readonly type: 'pkcs8' }): object
  createPublicKey(key: { readonly key: PublicJwk; readonly format: 'jwk' }): object
  diffieHellman(keys: { readonly privateKey: object; readonly publicKey: object }): Uint8Array
  verify(algorithm: null, data: Uint8Array, key: object, signature: Uint8Array): boolean
}

/** X25519 by this module. It computes at once. */
export function nativeX25519(crypto: CurveModule): X25519 {
  let basePoint: object | undefined
  const publicKeyOf = (privateKey: object): Uint8Array => {
    basePoint ??= publicKeyObject(crypto, 'X25519', BASE_POINT_U)
    return new Uint8Array(crypto.diffieHellman({ privateKey, publicKey: basePoint }))
  }
  return {
    async generateKeyPair() {
      const { privateKey } = crypto.generateKeyPairSync('x25519')
      return { secretKey: new HeldKey(privateKey), publicKey: publicKeyOf(privateKey) }
    },

    async secretKey(bytes) {
      const key = pkcs8(bytes)
      try {
        return new HeldKey(crypto.createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
      } finally {
        key.fill(0)
      }
    },

    async publicKey(secretKey) {
      return publicKeyOf((secretKey as HeldKey<object>).key)
    },

    async sharedSecret(secretKey, publicKey) {
      const privateKey = (secretKey as HeldKey<object>).key
      return agreedOn(publicKey, () =>
        crypto.diffieHellman({ privateKey, publicKey: publicKeyObject(crypto, 'X25519', publicKey) }),
      )
    },
  }
}

/** Verifies an Ed25519 signature by this module; see {@link Platform.verifyEd25519}. */
export function nativeVerifyEd25519(
  crypto: CurveModule,
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (!isWorthVerifying(signature, publicKey)) return false
  try {
    return crypto.verify(null, message, publicKeyObject(crypto, 'Ed25519', publicKey), signature)
  } catch {
    return false // Deno refuses a key that is no point before it looks at the signature.
  }
}

const publicKeyObject = (crypto: CurveModule, crv: PublicJwk['crv'], publicKey: Uint8Array): object =>
  crypto.createPublicKey({ key: { kty: 'OKP', crv, x: base64url(publicKey) }, format: 'jwk' })
