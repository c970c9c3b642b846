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
import { checkKeySize, degenerateKey, expectContribution, forgotten, isWorthVerifying } from './curve25519.ts'
import { base64url } from '../jwk.ts'
import type { X25519, X25519SecretKey } from './x25519.ts'

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

/** What is ahead of a secret key's 32 bytes in DER: PrivateKeyInfo with version 0 and 1.3.101.110 (RFC 8410). */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20)

/** The base point, whose u coordinate is 9 (RFC 7748, section 4.1). */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31))

/** A secret key that node:crypto holds. */
class NativeSecretKey implements X25519SecretKey {
  #key: object | undefined

  constructor(key: object) {
    this.#key = key
  }

  get key(): object {
    return this.#key ?? forgotten()
  }

  forget(): void {
    this.#key = undefined
  }
}

/** X25519 by this module. */
export function nativeX25519(crypto: CurveModule): X25519 {
  let basePoint: object | undefined
  const publicKeyOf = (privateKey: object): Uint8Array => {
    basePoint ??= publicKeyObject(crypto, 'X25519', BASE_POINT)
    return new Uint8Array(crypto.diffieHellman({ privateKey, publicKey: basePoint }))
  }
  return {
    generateKeyPair() {
      const { privateKey } = crypto.generateKeyPairSync('x25519')
      return { secretKey: new NativeSecretKey(privateKey), publicKey: publicKeyOf(privateKey) }
    },

    secretKey(bytes) {
      checkKeySize('secretKey', bytes)
      const der = new Uint8Array(PKCS8.length + bytes.length)
      der.set(PKCS8)
      der.set(bytes, PKCS8.length)
      try {
        return new NativeSecretKey(crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
      } finally {
        der.fill(0)
      }
    },

    publicKey(secretKey) {
      return publicKeyOf((secretKey as NativeSecretKey).key)
    },

    sharedSecret(secretKey, publicKey) {
      const privateKey = (secretKey as NativeSecretKey).key
      checkKeySize('publicKey', publicKey)
      let shared: Uint8Array
      try {
        shared = crypto.diffieHellman({ privateKey, publicKey: publicKeyObject(crypto, 'X25519', publicKey) })
      } catch (cause) {
        throw degenerateKey(cause)
      }
      const own = expectContribution(shared)
      shared.fill(0)
      return own
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
