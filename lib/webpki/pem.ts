/**
 * Certificates as text (RFC 7468).
 *
 * @module
 */

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g

/**
 * The certificates of a text, as DER; what stands between them is left out.
 *
 * @throws TypeError when there is none, or one is not base64
 */
export function certificatesOfPem(text: string): Uint8Array<ArrayBuffer>[] {
  const blocks = Array.from(text.matchAll(BLOCK), ([, base64 = '']) => base64)
  if (blocks.length === 0) throw new TypeError('Cannot use the text as there is no certificate in it')
  return blocks.map((base64) => {
    try {
      return bytesOfBase64(base64)
    } catch {
      throw new TypeError('Cannot use the text as a certificate in it is not base64')
    }
  })
}

/**
 * The bytes of a text in base64.
 *
 * @throws DOMException when it is none
 */
export const bytesOfBase64 = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
