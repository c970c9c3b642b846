/**
 * The small forms that directory documents are written in: PEM objects, base64, hexadecimal, times (dir-spec, "Document
 * meta-format").
 *
 * @module
 */

/** Bytes as base64, with its padding. */
export const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/** Bytes as base64 without padding, as digests and keys stand on keyword lines. */
export const base64Unpadded = (bytes: Uint8Array): string => base64(bytes).replace(/=+$/, '')

/** Bytes as upper-case hexadecimal: a fingerprint. */
export const fingerprintOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()

/** `YYYY-MM-DD HH:MM:SS` in UTC, whole seconds. */
export const documentTime = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')

/** An object: base64 in lines of 64 characters between BEGIN and END, the last newline included. */
export function pemObject(label: string, bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** The bytes of a text of ASCII characters. */
export const textBytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text))

/** A copy in which one bit is wrong: a signature that is not one. */
export function withWrongBit(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(bytes)
  changed[changed.length - 5] = (changed[changed.length - 5] as number) ^ 0x10
  return changed
}
