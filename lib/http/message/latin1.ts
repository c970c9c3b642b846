/**
 * Bytes as a string of code points 0 to 255 and back: the Fetch standard's isomorphic decode and encode, which no
 * TextDecoder does (its "latin1" is windows-1252).
 *
 * @module
 */

/** So many arguments a call bears in every engine. */
const AT_ONCE = 8192

/** A string with one code point for each byte. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE))
  return text
}

/**
 * One byte for each code point.
 *
 * @throws TypeError when a code point is above 255
 */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 255) throw new TypeError('Cannot send the text as it has a character above U+00FF')
    bytes[at] = code
  }
  return bytes
}
