/**
 * Bytes as the directory writes them: base64 (RFC 4648 section 4), often without its padding, and hex digits (dir-spec
 * section 1.2 and 2.1.3). Each value has one encoding: what another encoder could not have made is refused, so that
 * texts may be compared in place of bytes.
 *
 * @module
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** How many arguments a call may have without trouble in any engine. */
const MAX_CODES = 4096

/** The 6 bits of a character by its code; 0xff for what is none. */
const BITS = /* @__PURE__ */ ((): Uint8Array => {
  const bits = new Uint8Array(128).fill(0xff)
  for (let value = 0; value < 64; value++) bits[ALPHABET.charCodeAt(value)] = value
  return bits
})()

/** The bytes of a base64 text, with all of its padding or none of it; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let length = text.length
  if (length % 4 === 0 && text.endsWith('=')) length -= text.endsWith('==') ? 2 : 1
  if (length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  let pending = 0
  let pendingBits = 0
  let at = 0
  for (let index = 0; index < length; index++) {
    const bits = BITS[text.charCodeAt(index)] ?? 0xff
    if (bits === 0xff) return undefined
    pending = ((pending << 6) | bits) & 0xfff
    pendingBits += 6
    if (pendingBits >= 8) {
      pendingBits -= 8
      bytes[at++] = pending >>> pendingBits
    }
  }
  // What is left of the last character is zero in the one encoding that there is.
  return (pending & ((1 << pendingBits) - 1)) === 0 ? bytes : undefined
}

const BYTES_32 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?$/

/** True for 32 bytes, a key or a digest, as {@link decodeBase64} reads them: which they are is looked at when they are needed. */
export const is32Bytes = (text: string): boolean => BYTES_32.test(text)

/** The text of these character codes, in one piece of memory where it is short. */
function fromCodes(codes: readonly number[]): string {
  if (codes.length <= MAX_CODES) return String.fromCharCode.apply(undefined, codes as number[])
  let text = ''
  for (let at = 0; at < codes.length; at += MAX_CODES) text += String.fromCharCode(...codes.slice(at, at + MAX_CODES))
  return text
}

/** Bytes in base64 without padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const codes: number[] = []
  let pending = 0
  let pendingBits = 0
  for (let at = 0; at < bytes.length; at++) {
    pending = ((pending << 8) | (bytes[at] as number)) & 0xffff
    for (pendingBits += 8; pendingBits >= 6;) {
      pendingBits -= 6
      codes.push(ALPHABET.charCodeAt((pending >>> pendingBits) & 63))
    }
  }
  if (pendingBits > 0) codes.push(ALPHABET.charCodeAt((pending << (6 - pendingBits)) & 63))
  return fromCodes(codes)
}

/** The bytes of an even number of hex digits of either case; undefined for anything else. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  )
}

/** The code of a digit from 0 to 15. */
const hexDigit = (value: number): number => (value < 10 ? 48 : 55) + value

/** Bytes in hex digits, in upper case. */
export function encodeHex(bytes: Uint8Array): string {
  const codes: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    codes.push(hexDigit(byte >>> 4), hexDigit(byte & 15))
  }
  return fromCodes(codes)
}

/**
 * A copy of `text` that stands alone. A piece of a string may keep all of that string in memory, three megabytes for
 * the nickname of one relay; what outlives a document is copied out of it.
 */
export function ownText(text: string): string {
  const codes: number[] = []
  for (let at = 0; at < text.length; at++) codes.push(text.charCodeAt(at))
  return fromCodes(codes)
}
