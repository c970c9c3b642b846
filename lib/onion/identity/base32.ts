/**
 * Base32 (RFC 4648, section 6) without padding, as onion addresses and the keys of their clients have it.
 *
 * @module
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** The bytes of a text of either case; undefined for what no encoder makes: other characters, bits that are left over. */
export function decodeBase32(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let pending = 0
  let pendingBits = 0
  let at = 0
  for (const character of text.toLowerCase()) {
    const bits = ALPHABET.indexOf(character)
    if (bits < 0) return undefined
    pending = ((pending << 5) | bits) & 0xfff
    pendingBits += 5
    if (pendingBits >= 8) {
      pendingBits -= 8
      bytes[at++] = pending >>> pendingBits
    }
  }
  return pendingBits < 5 && (pending & ((1 << pendingBits) - 1)) === 0 ? bytes : undefined
}

/** Bytes in lower case. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let pendingBits = 0
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff
    for (pendingBits += 8; pendingBits >= 5;) {
      pendingBits -= 5
      text += ALPHABET.charAt((pending >>> pendingBits) & 31)
    }
  }
  return pendingBits > 0 ? text + ALPHABET.charAt((pending << (5 - pendingBits)) & 31) : text
}
