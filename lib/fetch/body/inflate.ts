/**
 * Deflate (RFC 1951), undone piece by piece, with the end of the data known to the byte. The runtimes' own decoders do
 * not tell where it is, and differ in what they make of bytes behind it. No I/O; no piece is larger than asked for,
 * whatever the data says.
 *
 * @module
 */

import { codesOf, fixedCodes, InflateError, LONGEST_CODE, LOOK, type Codes } from './huffman-codes.ts'

/** How far back a copy may reach, in bytes. */
const WINDOW = 32_768

/** The longest copy, in bytes. */
const LONGEST_COPY = 258

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]

/** The order in which the lengths of the codes for lengths come (RFC 1951, section 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/**
 * What comes next:
 * - `header`: of a block
 * - `stored`: bytes as they are, `#left` of them
 * - `codes`: symbols
 * - `done`
 */
type State = 'header' | 'stored' | 'codes' | 'done'

/** Undoes runs of deflate, one after the other. */
export class Inflater {
  #state: State = 'header'
  #isLast = false
  #left = 0
  #codes: readonly [literals: Codes, distances: Codes] = fixedCodes()
  /** A copy that did not fit into the last piece. */
  #copy = 0
  #distance = 0
  /** The window, as a ring. */
  readonly #window = new Uint8Array(WINDOW)
  #at = 0
  #total = 0

  #input: Uint8Array = new Uint8Array(0)
  #next = 0
  #bits = 0
  #count = 0

  /** What {@link take} had no use for: most of a run of runs may be empty. */
  #spare: Uint8Array | undefined

  /** Begins another run. Nothing of the window is within its reach. */
  restart(): void {
    this.#state = 'header'
    this.#total = 0
    this.#isStarving = false
  }

  /** The data is complete: {@link takeRest} is what does not belong to it. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** Gives more input. What is left of the one before is kept in front of it. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const rest = this.#input.subarray(this.#next)
    const all = rest.length === 0 ? bytes : new Uint8Array(rest.length + bytes.length)
    if (rest.length > 0) {
      all.set(rest)
      all.set(bytes, rest.length)
    }
    this.#input = all
    this.#next = 0
  }

  /** Takes back what was given and does not belong to the data. */
  takeRest(): Uint8Array {
    const rest = this.#input.subarray(this.#next)
    this.#input = rest.subarray(rest.length)
    this.#next = 0
    return rest
  }

  /**
   * The next bytes, `limit` at most; undefined when more input is needed or the data is complete.
   *
   * @throws InflateError
   */
  take(limit: number): Uint8Array | undefined {
    const output = this.#spare?.length === limit ? this.#spare : new Uint8Array(limit)
    this.#spare = undefined
    let length = 0
    while (length < limit) {
      const before = length
      // What does not complete is begun again with more input.
      const [next, bits, count] = [this.#next, this.#bits, this.#count]
      if (this.#copy > 0) length = this.#takeCopy(output, length)
      else if (this.#state === 'done') break
      else if (this.#state === 'stored') length = this.#takeStored(output, length)
      else if (this.#state === 'codes') length = this.#takeSymbols(output, length)
      else if (!this.#takeHeader()) {
        this.#next = next
        this.#bits = bits
        this.#count = count
        break
      } else continue
      if (length === before && this.#copy === 0 && this.#isStarving) break
    }
    if (length > 0) return output.subarray(0, length)
    this.#spare = output
    return undefined
  }

  /** The last step found too little input. */
  #isStarving = false

  #takeHeader(): boolean {
    if (!this.#has(3)) return false
    this.#isLast = this.#read(1) === 1
    const type = this.#read(2)
    if (type === 3) throw new InflateError('no such kind of block')
    if (type === 0) return this.#takeStoredHeader()
    if (type === 1) this.#codes = fixedCodes()
    else if (!this.#takeCodes()) return false
    this.#state = 'codes'
    return true
  }

  #takeStoredHeader(): boolean {
    this.#read(this.#count & 7)
    if (!this.#has(16)) return false
    const length = this.#read(16)
    if (!this.#has(16)) return false
    if (this.#read(16) !== (length ^ 0xffff)) throw new InflateError('a stored block of no certain length')
    // Whole bytes that were taken into the bits go back.
    this.#giveBack()
    this.#left = length
    this.#state = 'stored'
    return true
  }

  #takeCodes(): boolean {
    if (!this.#has(14)) return false
    const literals = this.#read(5) + 257
    const distances = this.#read(5) + 1
    const count = this.#read(4) + 4
    if (literals > 286 || distances > 30) throw new InflateError('too many symbols')
    const order = new Uint8Array(19)
    for (let at = 0; at < count; at++) {
      if (!this.#has(3)) return false
      order[ORDER[at] as number] = this.#read(3)
    }
    const codes = codesOf(order, false)
    const lengths = new Uint8Array(literals + distances)
    for (let at = 0; at < lengths.length;) {
      const symbol = this.#symbol(codes)
      if (symbol < 0) return false
      if (symbol < 16) {
        lengths[at++] = symbol
        continue
      }
      const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7
      if (!this.#has(extra)) return false
      const repeat = this.#read(extra) + (symbol === 18 ? 11 : 3)
      if ((symbol === 16 && at === 0) || at + repeat > lengths.length) throw new InflateError('a repeat of nothing')
      if (symbol === 16) lengths.fill(lengths[at - 1] as number, at, at + repeat)
      at += repeat
    }
    if (lengths[256] === 0) throw new InflateError('a block without an end')
    this.#codes = [codesOf(lengths.subarray(0, literals)), codesOf(lengths.subarray(literals))]
    return true
  }

  #takeStored(output: Uint8Array, from: number): number {
    const size = Math.min(this.#left, output.length - from, this.#input.length - this.#next)
    this.#isStarving = size === 0 && this.#left > 0
    for (let at = 0; at < size; at++) this.#put(output, from + at, this.#input[this.#next + at] as number)
    this.#next += size
    this.#left -= size
    if (this.#left === 0) this.#endBlock()
    return from + size
  }

  #takeSymbols(output: Uint8Array, from: number): number {
    const [literals, distances] = this.#codes
    let length = from
    while (length < output.length) {
      const [next, bits, count] = [this.#next, this.#bits, this.#count]
      const symbol = this.#symbol(literals)
      let isWhole = symbol >= 0
      if (symbol === 256) {
        this.#endBlock()
        return length
      }
      if (symbol > 256) isWhole = this.#takeLengths(symbol - 257, distances)
      if (!isWhole) {
        this.#next = next
        this.#bits = bits
        this.#count = count
        this.#isStarving = true
        return length
      }
      if (symbol < 256) this.#put(output, length++, symbol)
      else length = this.#takeCopy(output, length)
    }
    this.#isStarving = false
    return length
  }

  /** Reads how long a copy is, and how far back; false when that is not here. */
  #takeLengths(code: number, distances: Codes): boolean {
    if (code >= LENGTH_BASE.length) throw new InflateError('no such length')
    const extra = LENGTH_EXTRA[code] as number
    if (!this.#has(extra)) return false
    const copy = (LENGTH_BASE[code] as number) + this.#read(extra)
    const far = this.#symbol(distances)
    if (far < 0) return false
    if (far >= DISTANCE_BASE.length) throw new InflateError('no such distance')
    const farExtra = DISTANCE_EXTRA[far] as number
    if (!this.#has(farExtra)) return false
    const distance = (DISTANCE_BASE[far] as number) + this.#read(farExtra)
    if (distance > this.#total || copy > LONGEST_COPY) throw new InflateError('a copy from before the beginning')
    this.#copy = copy
    this.#distance = distance
    return true
  }

  #takeCopy(output: Uint8Array, from: number): number {
    const size = Math.min(this.#copy, output.length - from)
    for (let at = 0; at < size; at++) {
      this.#put(output, from + at, this.#window[(this.#at - this.#distance) & (WINDOW - 1)] as number)
    }
    this.#copy -= size
    return from + size
  }

  #put(output: Uint8Array, at: number, byte: number): void {
    output[at] = byte
    this.#window[this.#at] = byte
    this.#at = (this.#at + 1) & (WINDOW - 1)
    if (this.#total < WINDOW) this.#total++
  }

  #endBlock(): void {
    this.#isStarving = false
    this.#state = this.#isLast ? 'done' : 'header'
    if (this.#isLast) this.#giveBack()
  }

  /** Drops the bits up to the next byte, and gives back whole bytes that were taken. */
  #giveBack(): void {
    this.#next -= this.#count >> 3
    this.#bits = 0
    this.#count = 0
  }

  /** Takes in bytes until there are `count` bits, 16 at most; false when the input ends before. */
  #has(count: number): boolean {
    while (this.#count < count) {
      if (this.#next >= this.#input.length) return false
      this.#bits |= (this.#input[this.#next++] as number) << this.#count
      this.#count += 8
    }
    return true
  }

  /** Takes bits that are there. */
  #read(count: number): number {
    const value = this.#bits & ((1 << count) - 1)
    this.#bits >>>= count
    this.#count -= count
    return value
  }

  /** The next symbol; -1 when its code is not complete. */
  #symbol({ look, counts, symbols }: Codes): number {
    this.#has(LONGEST_CODE)
    const found = look[this.#bits & ((1 << LOOK) - 1)] as number
    if (found !== 0) {
      if ((found & 15) > this.#count) return -1
      this.#read(found & 15)
      return found >> 4
    }
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= LONGEST_CODE; length++) {
      if (length > this.#count) return -1
      code |= (this.#bits >> (length - 1)) & 1
      const count = counts[length] as number
      if (code - count < first) {
        this.#read(length)
        return symbols[index + (code - first)] as number
      }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new InflateError('no such code')
  }
}
