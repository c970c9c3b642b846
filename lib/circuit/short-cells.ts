/**
 * Forced randomness (tor-spec, "SENDME cell format"; proposal 289 section 3.3): of as many DATA cells as one SENDME
 * acknowledges one must have room for random padding, or somebody who knows the plain text could make up SENDME tags.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay/relay-cell-v0.ts'
import { randomByte } from './random-padding.ts'

/** Padding begins with 4 zero bytes; 16 random ones must follow. */
const ROOM_FOR_RANDOMNESS = 4 + 16

/** The most bytes of a DATA cell that leaves room for randomness. */
export const SHORT_DATA: number = MAX_DATA - ROOM_FOR_RANDOMNESS

/** Says for each DATA cell to a hop how long it may be. */
export class ShortCells {
  readonly #increment: number
  readonly #random: (limit: number) => number
  #left: number

  /**
   * @param increment - how many cells a SENDME acknowledges, 1 to 254
   * @param random - a whole number from 0 to below the limit
   */
  constructor(increment: number, random: (limit: number) => number = (limit) => randomByte() % limit) {
    this.#increment = increment
    this.#random = random
    this.#left = this.#gap()
  }

  /** The most bytes that the next DATA cell may carry. */
  get cellSize(): number {
    return this.#left === 0 ? SHORT_DATA : MAX_DATA
  }

  /** A DATA cell with this many bytes is packed. Any that is short starts the count anew. */
  packed(length: number): void {
    if (length <= SHORT_DATA) this.#left = this.#gap()
    else this.#left -= 1
  }

  /** How many full cells are between two that are short: half the increment to all but one. */
  #gap(): number {
    const half = Math.floor(this.#increment / 2)
    return half + this.#random(this.#increment - half)
  }
}
