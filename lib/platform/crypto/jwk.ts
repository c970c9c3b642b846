/**
 * Numbers and keys as JSON Web Keys have them: base64url without padding (RFC 7515, section 2). In Node a key goes in
 * and out in this form several times as fast as in DER.
 *
 * @module
 */

/** Bytes in base64url. */
export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The bytes of a text in base64url. */
export const bytesOfBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
