/**
 * Whole numbers of 64 bits, as pairs of numbers of 32 bits in one array, low half first: word `n` is at `2 * n`. BigInt
 * would be six times slower.
 *
 * @module
 */

/** Any number of words. */
export type Words = Int32Array<ArrayBuffer>

/** Adds to the word at `at`. */
export function add(words: Words, at: number, low: number, high: number): void {
  const sum = ((words[at] as number) + low) | 0
  words[at + 1] = (words[at + 1] as number) + high + (sum >>> 0 < low >>> 0 ? 1 : 0)
  words[at] = sum
}

/** Takes from the word at `at`. */
export function subtract(words: Words, at: number, low: number, high: number): void {
  const before = words[at] as number
  words[at] = before - low
  words[at + 1] = (words[at + 1] as number) - high - (before >>> 0 < low >>> 0 ? 1 : 0)
}

/** Turns the word at `at` to the left by 0 to 64 bits. */
export function rotateLeft(words: Words, at: number, bits: number): void {
  const isCrossed = (bits & 32) !== 0
  const low = words[isCrossed ? at + 1 : at] as number
  const high = words[isCrossed ? at : at + 1] as number
  const turn = bits & 31
  words[at] = turn === 0 ? low : (low << turn) | (high >>> (32 - turn))
  words[at + 1] = turn === 0 ? high : (high << turn) | (low >>> (32 - turn))
}

/** Exclusive or of two words into the one at `at`. */
export function exclusiveOr(words: Words, at: number, other: number): void {
  words[at] = (words[at] as number) ^ (words[other] as number)
  words[at + 1] = (words[at + 1] as number) ^ (words[other + 1] as number)
}

/** The high half of the product of two numbers of 32 bits without sign. */
function highOfProduct(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const first = a1 * b0 + ((a0 * b0) >>> 16)
  const second = a0 * b1 + (first & 0xffff)
  return a1 * b1 + (first >>> 16) + (second >>> 16)
}

const TWO_TO_32 = 0x1_0000_0000

/** Multiplies the word at `at` by the one at `by`: the low half of the product. */
export function multiply(words: Words, at: number, by: number): void {
  const low = words[at] as number
  const high = words[at + 1] as number
  const byLow = words[by] as number
  const byHigh = words[by + 1] as number
  words[at] = Math.imul(low, byLow)
  words[at + 1] = highOfProduct(low, byLow) + Math.imul(low, byHigh) + Math.imul(high, byLow)
}

/** Multiplies the word at `at` by the one at `by`, both with or both without sign: the high half of the product. */
export function multiplyHigh(words: Words, at: number, by: number, isSigned: boolean): void {
  const low = words[at] as number
  const high = words[at + 1] as number
  const byLow = words[by] as number
  const byHigh = words[by + 1] as number
  const middle = highOfProduct(low, byLow) + (Math.imul(low, byHigh) >>> 0) + (Math.imul(high, byLow) >>> 0)
  const third =
    (Math.imul(high, byHigh) >>> 0) +
    highOfProduct(low, byHigh) +
    highOfProduct(high, byLow) +
    Math.floor(middle / TWO_TO_32)
  words[at] = third
  words[at + 1] = highOfProduct(high, byHigh) + Math.floor(third / TWO_TO_32)
  if (!isSigned) return
  // A number below zero was taken for one that is greater by 2^64.
  if (high < 0) subtract(words, at, byLow, byHigh)
  if (byHigh < 0) subtract(words, at, low, high)
}
