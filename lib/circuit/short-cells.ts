/**
 * Forced randomness (tor-spec, "SENDME cell format"; proposal 289 section 3.3): from time to time a DATA cell must have room
 * for random padding, or somebody who knows the plain text could make up the tags of all SENDMEs. When, is drawn as by C tor
 * (connection_edge_get_inbuf_bytes_to_package), whose exits would know another rule by a single upload: the count goes on
 * through cells that are short by themselves, each of which does for the forced one to come, and it is the same for every
 * flow control.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay/relay-cell-v0.ts'
import { randomBelow } from './random-padding.ts'

/** Padding begins with 4 zero bytes; 16 random ones must follow. */
const ROOM_FOR_RANDOMNESS = 4 + 16

/** The most bytes of a DATA cell that leaves room for randomness. */
export const SHORT_DATA: number = MAX_DATA - ROOM_FOR_RANDOMNESS

/** Between two that are due there are at least so many cells, and by chance fewer than so many more. */
const LEAST = 50
const MORE = 50

/** Says for each DATA cell of a circuit how long it may be. */
export class ShortCells {
  readonly #random: (limit: number) => number
  /** How many cells there are until one is due. */
  #left: number
  /** Since that was drawn one was short. */
  #wasShort = false

  /** @param random - a whole number from 0 to below the limit */
  constructor(random: (limit: number) => number = randomBelow) {
    this.#random = random
    this.#left = this.#draw()
  }

  /** The most bytes that the next DATA cell may carry. */
  get cellSize(): number {
    return this.#left === 0 && !this.#wasShort ? SHORT_DATA : MAX_DATA
  }

  /** A DATA cell with this many bytes is packed. */
  packed(length: number): void {
    if (length <= SHORT_DATA) this.#wasShort = true
    if (this.#left === 0) {
      this.#left = this.#draw()
      this.#wasShort = false
    }
    this.#left -= 1
  }

  #draw(): number {
    return LEAST + this.#random(MORE)
  }
}
