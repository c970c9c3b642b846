/**
 * One line of a file of countries, read from its bytes: there are hundreds of thousands of them, and none is worth a
 * string.
 *
 * @module
 */

const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22

/** A line that was read; the object is the same for every line. */
export interface ScannedLine {
  /** 1 for addresses of IPv4, 4 for those of IPv6: words of 32 bits. */
  words: 1 | 4
  /** The first address of the range, in the first `words` words. */
  readonly first: Uint32Array
  /** The last one. */
  readonly last: Uint32Array
  /** The two letters, as `first letter << 8 | second letter`, in upper case. */
  country: number
}

/** Where lines are read to. */
export const emptyLine = (): ScannedLine => ({
  words: 1,
  first: new Uint32Array(4),
  last: new Uint32Array(4),
  country: 0,
})

/**
 * Reads `FIRST,LAST,COUNTRY`, each perhaps in quotes; what comes behind a further comma is passed over.
 *
 * @returns false when the bytes from `start` to `end` are no such line
 */
export function scanLine(bytes: Uint8Array, start: number, end: number, line: ScannedLine): boolean {
  const first = bytes.indexOf(COMMA, start)
  const second = first < 0 || first >= end ? -1 : bytes.indexOf(COMMA, first + 1)
  if (second < 0 || second >= end) return false
  let third = second + 1
  while (third < end && bytes[third] !== COMMA) third += 1
  const words = scanAddress(bytes, start, first, line.first)
  if (words === undefined || scanAddress(bytes, first + 1, second, line.last) !== words) return false
  line.words = words
  return scanCountry(bytes, second + 1, third, line)
}

function scanCountry(bytes: Uint8Array, start: number, end: number, line: ScannedLine): boolean {
  const isQuoted = bytes[start] === QUOTE && bytes[end - 1] === QUOTE && end - start > 1
  const at = isQuoted ? start + 1 : start
  if ((isQuoted ? end - 1 : end) - at !== 2) return false
  const [a, b] = [upper(bytes[at] as number), upper(bytes[at + 1] as number)]
  line.country = (a << 8) | b
  return isLetter(a) && (isLetter(b) || isDigit(b))
}

/** The words that an address has; undefined when it is none. */
function scanAddress(bytes: Uint8Array, start: number, end: number, to: Uint32Array): 1 | 4 | undefined {
  const isQuoted = bytes[start] === QUOTE && bytes[end - 1] === QUOTE && end - start > 1
  const [from, until] = isQuoted ? [start + 1, end - 1] : [start, end]
  // Nothing is searched for beyond the line: in a file of IPv4 addresses that would be all of it.
  for (let at = from; at < until; at++) if (bytes[at] === COLON) return scanIPv6(bytes, from, until, to) ? 4 : undefined
  return scanDecimal(bytes, from, until, to) ? 1 : undefined
}

function scanDecimal(bytes: Uint8Array, start: number, end: number, to: Uint32Array): boolean {
  let value = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (!isDigit(byte)) return false
    value = value * 10 + byte - 0x30
    if (value > 0xffff_ffff) return false
  }
  to[0] = value
  return end > start
}

/** Groups of hex digits, with at most one `::` for at least one group of zeros (RFC 4291 section 2.2, forms 1 and 2). */
function scanIPv6(bytes: Uint8Array, start: number, end: number, to: Uint32Array): boolean {
  const groups = GROUPS
  let length = 0
  let gap = -1
  let at = start
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) return false
    gap = 0
    at += 2
  }
  while (at < end) {
    let value = 0
    const from = at
    for (; at < end && bytes[at] !== COLON; at++) {
      const digit = hexDigit(bytes[at] as number)
      if (digit < 0 || at - from === 4) return false
      value = (value << 4) | digit
    }
    if (at === from || length === 8) return false
    groups[length++] = value
    if (at === end) break
    at += 1
    if (at === end) return false // one colon at the end
    if (bytes[at] !== COLON) continue
    if (gap >= 0) return false
    gap = length
    at += 1
  }
  if (gap < 0 ? length !== 8 : length > 7) return false
  const behind = gap < 0 ? 0 : length - gap
  to.fill(0)
  for (let index = 0; index < length; index++) {
    const place = gap >= 0 && index >= gap ? 8 - behind + index - gap : index
    const shift = place % 2 === 0 ? 16 : 0
    to[place >> 1] = (to[place >> 1] as number) | ((groups[index] as number) << shift)
  }
  return true
}

/** The groups of the address that is being read. */
const GROUPS = /* @__PURE__ */ new Uint16Array(8)

const upper = (byte: number): number => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte)
/** A question mark stands for a country that is not known. */
const isLetter = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === 0x3f
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 0x30
  const letter = upper(byte)
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x37 : -1
}
