/**
 * Ed25519 by WebCrypto (Secure Curves in WebCrypto): in Firefox since version 129, in Safari since 17, in Chromium since
 * 137. Where it is missing or lax, JavaScript does it, which is loaded then: with the first link, on whose way a client
 * opens, or does not.
 *
 * @module
 */
import { bytesOfBase64url } from '../jwk.ts'
import { isWorthVerifying } from './curve25519.ts'

const ED25519 = 'Ed25519'

/** An encoded point that is a good key, that of the secret scalar 1: the base point (RFC 8032, section 5.1). */
export const BASE_POINT: Uint8Array<ArrayBuffer> = /* @__PURE__ */ new Uint8Array(32).fill(0x66).fill(0x58, 0, 1)

/**
 * S of that key's signature for no bytes, with R the base point too, and with the order added: RFC 8032, section 5.1.7,
 * refuses it.
 */
export const LAX_S = 'V2Qxt5iHNxZqolhL-QrNSVst1_MknUwaZLv89bwWrRY'

const importKey = (bytes: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), ED25519, false, ['verify'])

let native: Promise<boolean> | undefined

/**
 * Whether the runtime has it, and refuses what everybody has to. WebKitGTK does not: it takes a second form of each
 * signature, and a key that is no point is the end of its process.
 */
async function isNative(): Promise<boolean> {
  try {
    const signature = new Uint8Array([...BASE_POINT, ...bytesOfBase64url(LAX_S)])
    return !(await crypto.subtle.verify(ED25519, await importKey(BASE_POINT), signature, new Uint8Array()))
  } catch {
    return false // it is not there
  }
}

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
  native ??= isNative()
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
