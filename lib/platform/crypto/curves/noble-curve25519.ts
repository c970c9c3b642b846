/**
 * X25519 and Ed25519 in JavaScript, for runtimes that have no synchronous ones of their own: @noble/curves.
 *
 * @module
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { checkKeySize, degenerateKey, expectContribution, forgotten, isWorthVerifying } from './curve25519.ts'
import type { X25519, X25519SecretKey } from './x25519.ts'

/** A secret key as its bytes. */
class SecretBytes implements X25519SecretKey {
  readonly #bytes: Uint8Array
  #forgotten = false

  /** @param bytes - which are this key's from now on */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    return this.#forgotten ? forgotten() : this.#bytes
  }

  forget(): void {
    this.#forgotten = true
    this.#bytes.fill(0)
  }
}

/** See {@link X25519}. */
export const nobleX25519: X25519 = {
  generateKeyPair() {
    const bytes = x25519.utils.randomSecretKey()
    return { secretKey: new SecretBytes(bytes), publicKey: x25519.getPublicKey(bytes) }
  },

  secretKey(bytes) {
    checkKeySize('secretKey', bytes)
    return new SecretBytes(new Uint8Array(bytes))
  },

  publicKey(secretKey) {
    return x25519.getPublicKey((secretKey as SecretBytes).bytes)
  },

  sharedSecret(secretKey, publicKey) {
    const { bytes } = secretKey as SecretBytes
    checkKeySize('publicKey', publicKey)
    let shared: Uint8Array
    try {
      shared = x25519.getSharedSecret(bytes, publicKey)
    } catch (cause) {
      throw degenerateKey(cause)
    }
    return expectContribution(shared)
  },
}

/** See {@link Platform.verifyEd25519}. */
export function nobleVerifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return isWorthVerifying(signature, publicKey) && ed25519.verify(signature, message, publicKey, { zip215: false })
}
