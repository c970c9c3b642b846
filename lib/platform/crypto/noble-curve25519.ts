/**
 * X25519 and Ed25519 in JavaScript, for runtimes that have no synchronous ones of their own: @noble/curves.
 *
 * @module
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { checkKeySize, degenerateKey, expectContribution, isWorthVerifying } from './curve25519.ts'
import type { X25519 } from './x25519.ts'

/** See {@link X25519}. */
export const nobleX25519: X25519 = {
  generateKeyPair() {
    const secretKey = x25519.utils.randomSecretKey()
    return { secretKey, publicKey: x25519.getPublicKey(secretKey) }
  },

  publicKey(secretKey) {
    checkKeySize('secretKey', secretKey)
    return x25519.getPublicKey(secretKey)
  },

  sharedSecret(secretKey, publicKey) {
    checkKeySize('secretKey', secretKey)
    checkKeySize('publicKey', publicKey)
    let shared: Uint8Array
    try {
      shared = x25519.getSharedSecret(secretKey, publicKey)
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
