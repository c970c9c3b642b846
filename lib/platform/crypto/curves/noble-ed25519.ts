/**
 * Ed25519 in JavaScript, for pages in browsers that have none: @noble/curves.
 *
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { isWorthVerifying } from './curve25519.ts'

/** See {@link Platform.verifyEd25519}. */
export function nobleVerifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return isWorthVerifying(signature, publicKey) && ed25519.verify(signature, message, publicKey, { zip215: false })
}
