/**
 * X25519 and Ed25519 by node:crypto, in Node, Deno and Bun: a fraction of a millisecond each. In JavaScript they take
 * one or two, and the first of them in a process tens of milliseconds, until its code is compiled.
 *
 * Keys go in and out in the encodings of RFC 8410, which for these curves are a fixed prefix and the 32 bytes.
 *
 * @module
 */
import { checkKeySize, CURVE_KEY_SIZE, degenerateKey, expectContribution, isWorthVerifying } from './curve25519.ts'
import type { X25519KeyPair, X25519 } from './x25519.ts'

/** A key as DER. */
interface DerKey {
  readonly key: Uint8Array
  readonly format: 'der'
  readonly type: 'pkcs8' | 'spki'
}

/** The part of node:crypto that is used. */
export interface CurveModule {
  generateKeyPairSync(
    type: 'x25519',
    options: {
      readonly publicKeyEncoding: { readonly format: 'der'; readonly type: 'spki' }
      readonly privateKeyEncoding: { readonly format: 'der'; readonly type: 'pkcs8' }
    },
  ): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }
  createPrivateKey(key: DerKey): object
  createPublicKey(key: DerKey | object): {
    export(options: { readonly format: 'der'; readonly type: 'spki' }): Uint8Array
  }
  diffieHellman(keys: { readonly privateKey: object; readonly publicKey: object }): Uint8Array
  verify(algorithm: null, data: Uint8Array, key: object, signature: Uint8Array): boolean
}

const SPKI = { format: 'der', type: 'spki' } as const
const PKCS8 = { format: 'der', type: 'pkcs8' } as const

/**
 * What is ahead of an X25519 key's 32 bytes: PrivateKeyInfo with version 0, and SubjectPublicKeyInfo; both with
 * 1.3.101.110.
 */
const X25519_SECRET = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20)
const X25519_PUBLIC = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0)
/** The same for a public key of Ed25519, with 1.3.101.112. */
const ED25519_PUBLIC = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0)

/** X25519 by this module. */
export function nativeX25519(crypto: CurveModule): X25519 {
  return {
    generateKeyPair(): X25519KeyPair {
      const { publicKey, privateKey } = crypto.generateKeyPairSync('x25519', {
        publicKeyEncoding: SPKI,
        privateKeyEncoding: PKCS8,
      })
      const pair = { secretKey: bare(privateKey), publicKey: bare(publicKey) }
      privateKey.fill(0)
      return pair
    },

    publicKey(secretKey) {
      checkKeySize('secretKey', secretKey)
      return bare(crypto.createPublicKey(secretKeyObject(crypto, secretKey)).export(SPKI))
    },

    sharedSecret(secretKey, publicKey) {
      checkKeySize('secretKey', secretKey)
      checkKeySize('publicKey', publicKey)
      const privateKey = secretKeyObject(crypto, secretKey)
      let shared: Uint8Array
      try {
        const theirs = crypto.createPublicKey({ key: dressed(X25519_PUBLIC, publicKey), ...SPKI })
        shared = crypto.diffieHellman({ privateKey, publicKey: theirs })
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
    return crypto.verify(
      null,
      message,
      crypto.createPublicKey({ key: dressed(ED25519_PUBLIC, publicKey), ...SPKI }),
      signature,
    )
  } catch {
    return false // Deno refuses a key that is no point before it looks at the signature.
  }
}

function secretKeyObject(crypto: CurveModule, secretKey: Uint8Array): object {
  const key = dressed(X25519_SECRET, secretKey)
  try {
    return crypto.createPrivateKey({ key, ...PKCS8 })
  } finally {
    key.fill(0)
  }
}

function dressed(prefix: Uint8Array, key: Uint8Array): Uint8Array {
  const der = new Uint8Array(prefix.length + key.length)
  der.set(prefix)
  der.set(key, prefix.length)
  return der
}

/** A copy of the key itself, which is the end of each encoding. */
const bare = (der: Uint8Array): Uint8Array => new Uint8Array(der.subarray(-CURVE_KEY_SIZE))
