/**
 * DER as PEM.
 *
 * @module
 */

/** `der` between lines that name what it is. */
export function pemOf(der: Uint8Array, label = 'CERTIFICATE'): string {
  const base64 = btoa(Array.from(der, (byte) => String.fromCharCode(byte)).join(''))
  return `-----BEGIN ${label}-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}
