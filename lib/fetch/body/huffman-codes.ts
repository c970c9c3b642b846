/**
 * The Huffman codes of deflate (RFC 1951, section 3.2).
 *
 * @module
 */

/** The data is not what it is said to be. */
export class InflateError extends Error {
  override readonly name: string = 'InflateError'
}

/** The longest code, in bits. */
export const LONGEST_CODE = 15

/** Codes of at most so many bits are found by one look. */
export const LOOK = 9

/** A set of Huffman codes. */
export interface Codes {
  /** For the next {@link LOOK} bits: symbol << 4 | length of its code; 0 when the code is longer, or none. */
  readonly look: Uint16Array
  /** How many codes there are of each length. */
  readonly counts: Uint16Array
  /** The symbols, in the order of their codes. */
  readonly symbols: Uint16Array
}

/**
 * The codes that belong to these lengths (RFC 1951, section 3.2.2).
 *
 * @param mayBeOne - there may be a single code, of one bit, although another one would be possible
 * @throws InflateError when there are more codes than bits allow, or fewer
 */
export function codesOf(lengths: Uint8Array, mayBeOne = true): Codes {
  const counts = new Uint16Array(LONGEST_CODE + 1)
  for (const length of lengths) counts[length] = (counts[length] as number) + 1
  counts[0] = 0
  let left = 1
  let used = 0
  const starts = new Uint16Array(LONGEST_CODE + 2)
  const next = new Uint16Array(LONGEST_CODE + 1)
  for (let length = 1, code = 0; length <= LONGEST_CODE; length++) {
    const count = counts[length] as number
    left = left * 2 - count
    if (left < 0) throw new InflateError('too many codes')
    used += count
    starts[length + 1] = (starts[length] as number) + count
    next[length] = code
    code = (code + count) << 1
  }
  const isOne = mayBeOne && used === 1 && counts[1] === 1
  if (left > 0 && used > 0 && !isOne) throw new InflateError('too few codes')
  const symbols = new Uint16Array(used)
  const look = new Uint16Array(1 << LOOK)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number
    if (length === 0) continue
    symbols[starts[length] as number] = symbol
    starts[length] = (starts[length] as number) + 1
    const code = next[length] as number
    next[length] = code + 1
    if (length > LOOK) continue
    let reversed = 0
    for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit)
    for (let at = reversed; at < look.length; at += 1 << length) look[at] = (symbol << 4) | length
  }
  return { look, counts, symbols }
}

let fixed: readonly [literals: Codes, distances: Codes] | undefined

/** The codes that need not be sent (RFC 1951, section 3.2.6). */
export function fixedCodes(): readonly [literals: Codes, distances: Codes] {
  return (fixed ??= [
    codesOf(Uint8Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
    codesOf(new Uint8Array(32).fill(5)),
  ])
}
