/**
 * Ed25519 by WebCrypto (Secure Curves in WebCrypto): in Firefox since version 129, in Safari since 17, in Chromium since
 * 137. Where it is missing, JavaScript does it, which is loaded then: with the first link, on whose way a client opens, or
 * does not.
 *
 * @module
 */
import { isWorthVerifying } from './curve25519.ts'

const ED25519 = 'Ed25519'

/** An encoded point that is a good key anywhere: the base point (RFC 8032, section 5.1). */
const BASE_POINT = /* @__PURE__ */ new Uint8Array(32).fill(0x66).fill(0x58, 0, 1)

const importKey = (bytes: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), ED25519, false, ['verify'])

/** Whether the runtime has it. */
let native: Promise<boolean> | undefined

/**
 * Verifies an Ed25519 signature; see {@link Platform.verifyEd25519}.
 *
 * @throws what the runtime fails with when JavaScript is needed and cannot be loaded (as a rejection)
 */
export async function webVerifyEd25519(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  native ??= importKey(BASE_POINT).then(
    () => true,
    () => false, // it is not there
  )
  if (!(await native)) {
    const { nobleVerifyEd25519 } = await import('./noble-ed25519.ts')
    return nobleVerifyEd25519(signature, message, publicKey)
  }
  if (!isWorthVerifying(signature, publicKey)) return false
  let key: CryptoKey
  try {
    key = await importKey(publicKey)
  } catch {
    return false // some engines refuse a key that is no point before they look at a signature
  }
  return await crypto.subtle.verify(ED25519, key, new Uint8Array(signature), new Uint8Array(message))
}
