/**
 * Forced randomness (tor-spec, "SENDME cell format"; proposal 289 section 3.3): every 50 to 99 DATA cells of a circuit one must have room for
 * random padding, or somebody who knows the plain text could make up SENDME tags.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay-cell-v0.ts'

/** Padding begins with 4 zero bytes; 16 random ones must follow. */
const ROOM_FOR_RANDOMNESS = 4 + 16

/** The most bytes of a DATA cell that leaves room for randomness. */
export const SHORT_DATA: number = MAX_DATA - ROOM_FOR_RANDOMNESS

/** Says for each DATA cell of a circuit how long it may be. */
export class ShortCells {
  readonly #random: () => number
  #left: number

  /** @param random - a whole number from 0 to 49 */
  constructor(random: () => number = () => (crypto.getRandomValues(new Uint8Array(1))[0] as number) % 50) {
    this.#random = random
    this.#left = 50 + random()
  }

  /** The most bytes that the next DATA cell may carry. */
  get cellSize(): number {
    return this.#left === 0 ? SHORT_DATA : MAX_DATA
  }

  /** A DATA cell with this many bytes is packed. Any that is short starts the count anew. */
  packed(length: number): void {
    if (length <= SHORT_DATA) this.#left = 50 + this.#random()
    else this.#left -= 1
  }
}
