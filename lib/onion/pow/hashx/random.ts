/**
 * The random numbers that a HashX program is drawn with: SipHash of a counter.
 *
 * @module
 */
import { sipRounds, STATE_WORDS } from './sip.ts'
import type { Words } from './words.ts'

export class HashXRandom {
  readonly #key: Words
  readonly #state: Words = new Int32Array(2 * STATE_WORDS)
  #counter = 0
  #low = 0
  #high = 0
  /** The low half of a draw of which the high one was given. */
  #kept: number | undefined
  /** The bytes of another draw, and how many of them are left. */
  #bytes = { low: 0, high: 0, left: 0 }

  constructor(key: Words) {
    this.#key = key
  }

  /** A number of 32 bits: of each draw the high half first. */
  u32(): number {
    const kept = this.#kept
    if (kept !== undefined) {
      this.#kept = undefined
      return kept
    }
    this.#draw()
    this.#kept = this.#low >>> 0
    return this.#high >>> 0
  }

  /** A byte: of each draw the most significant one first. */
  u8(): number {
    const bytes = this.#bytes
    if (bytes.left === 0) {
      this.#draw()
      bytes.low = this.#low
      bytes.high = this.#high
      bytes.left = 8
    }
    bytes.left -= 1
    return ((bytes.left < 4 ? bytes.low : bytes.high) >>> (8 * (bytes.left & 3))) & 0xff
  }

  /** A number of 32 bits, drawn again while those of `mask` are all zero. */
  nonzero(mask: number): number {
    for (;;) {
      const value = (this.u32() & mask) >>> 0
      if (value !== 0) return value
    }
  }

  #draw(): void {
    const v = this.#state
    v.set(this.#key)
    const count = this.#counter++
    v[6] = (v[6] as number) ^ count
    sipRounds(v, 1)
    v[0] = (v[0] as number) ^ count
    v[4] = (v[4] as number) ^ 0xff
    sipRounds(v, 3)
    this.#low = v[0] ^ (v[2] as number) ^ v[4] ^ v[6]
    this.#high = (v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)
  }
}
