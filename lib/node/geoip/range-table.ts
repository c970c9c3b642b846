/**
 * Which country an address is in: ranges of addresses as a sorted list of borders in typed arrays. A border holds from
 * its address up to the next one; what is in no range has borders of its own, with no country. So a table of 400,000
 * ranges takes a few megabytes, and a look-up about 20 comparisons.
 *
 * @module
 */

/** How many borders there is room for at first. */
const FIRST_ROOM = 1024

/** Ranges of addresses of one kind: of one word of 32 bits (IPv4), or of four (IPv6). */
export class RangeTable {
  readonly #words: number
  /** Borders, `#words` each, in ascending order. */
  #borders: Uint32Array
  /** For each border the number of the country from there on; 0 for none. */
  #countries: Uint16Array
  #length = 0
  /** Where the last range ends: its last address. */
  readonly #end: Uint32Array
  #hasEnded = false

  /** @param words - 1 or 4 */
  constructor(words: 1 | 4) {
    this.#words = words
    this.#borders = new Uint32Array(FIRST_ROOM * words)
    this.#countries = new Uint16Array(FIRST_ROOM)
    this.#end = new Uint32Array(words)
  }

  /** How many borders there are. */
  get length(): number {
    return this.#length
  }

  /**
   * Adds a range behind all others.
   *
   * @param first - its first address, in the first words
   * @param last - its last address
   * @param country - a number; 0 for a range that is of no country
   * @returns false when it is none, or does not lie behind the others
   */
  add(first: Uint32Array, last: Uint32Array, country: number): boolean {
    if (compare(first, 0, last, 0, this.#words) > 0) return false
    if (this.#length > 0) {
      if (this.#hasEnded || compare(first, 0, this.#end, 0, this.#words) <= 0) return false
      increment(this.#end)
      if (compare(first, 0, this.#end, 0, this.#words) > 0) this.#push(this.#end, 0)
    }
    if (this.#length === 0 || this.#countries[this.#length - 1] !== country) this.#push(first, country)
    this.#hasEnded = true
    for (let word = 0; word < this.#words; word++) {
      this.#end[word] = last[word] as number
      if (last[word] !== 0xffff_ffff) this.#hasEnded = false
    }
    return true
  }

  /** No more ranges come: what is spare is given back. */
  finish(): void {
    if (this.#length > 0 && !this.#hasEnded) {
      increment(this.#end)
      this.#push(this.#end, 0)
      this.#hasEnded = true
    }
    this.#borders = this.#borders.slice(0, this.#length * this.#words)
    this.#countries = this.#countries.slice(0, this.#length)
  }

  /** The number of the country of an address; 0 for none. */
  find(address: Uint32Array): number {
    let low = 0
    let high = this.#length
    // Every border below `low` is at most the address, every one from `high` on is beyond it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#borders, middle * this.#words, address, 0, this.#words) <= 0) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (this.#countries[low - 1] as number)
  }

  #push(border: Uint32Array, country: number): void {
    const words = this.#words
    if (this.#length === this.#countries.length) {
      const [borders, countries] = [this.#borders, this.#countries]
      this.#borders = new Uint32Array(borders.length * 2)
      this.#borders.set(borders)
      this.#countries = new Uint16Array(countries.length * 2)
      this.#countries.set(countries)
    }
    for (let word = 0; word < words; word++) this.#borders[this.#length * words + word] = border[word] as number
    this.#countries[this.#length++] = country
  }
}

/** Below, at or above 0 as the first address is below, at or above the second. */
function compare(a: Uint32Array, aStart: number, b: Uint32Array, bStart: number, words: number): number {
  for (let word = 0; word < words; word++) {
    const difference = (a[aStart + word] as number) - (b[bStart + word] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** The address behind this one; of the last of all, the first. */
function increment(address: Uint32Array): void {
  for (let word = address.length - 1; word >= 0; word--) {
    address[word] = (address[word] as number) + 1
    if (address[word] !== 0) return
  }
}
