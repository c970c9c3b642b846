/**
 * A line from one relay to the next: a queue that bandwidth empties, and then latency with jitter. Nothing is lost, and
 * nothing overtakes.
 *
 * @module
 */
import { Fifo } from './fifo.ts'
import type { Random } from './random.ts'

/** A cell under way. */
export interface Cell {
  /** The lines that it takes, in order. */
  readonly route: readonly Line[]
  /** How many of them it has behind it. */
  hop: number
  /** Called when it has them all behind it. */
  readonly arrived: () => void
}

export interface LineOptions {
  /** Bandwidth, in cells per ms. */
  readonly rate: number
  /** In ms. */
  readonly latency: number
  /** A cell takes up to so much longer, in ms. */
  readonly jitter: number
  readonly random: Random
}

export class Line {
  /** Bandwidth, in cells per ms. A change of it is for cells that come from then on. */
  rate: number
  readonly #options: LineOptions
  readonly #underWay = new Fifo<{ readonly cell: Cell; readonly arrival: number }>()
  /** When each cell leaves that waits, or is being sent. */
  readonly #departures = new Fifo<number>()
  #freeAt = 0
  #lastArrival = 0
  #longestQueue = 0

  constructor(options: LineOptions) {
    this.rate = options.rate
    this.#options = options
  }

  /** When the next cell is at the other end; Infinity when none is under way. */
  get nextArrival(): number {
    return this.#underWay.first?.arrival ?? Infinity
  }

  /** The most cells that have waited, or were being sent, since this was last asked. */
  takeLongestQueue(): number {
    const longest = this.#longestQueue
    this.#longestQueue = 0
    return longest
  }

  send(cell: Cell, now: number): void {
    const { latency, jitter, random } = this.#options
    this.#freeAt = Math.max(this.#freeAt, now) + 1 / this.rate
    this.#lastArrival = Math.max(this.#lastArrival, this.#freeAt + latency + jitter * random())
    this.#underWay.push({ cell, arrival: this.#lastArrival })
    while ((this.#departures.first ?? Infinity) <= now) this.#departures.shift()
    this.#departures.push(this.#freeAt)
    this.#longestQueue = Math.max(this.#longestQueue, this.#departures.length)
  }

  /** Takes the cell that is at the other end. */
  receive(): Cell {
    const next = this.#underWay.shift()
    if (next === undefined) throw new Error('there is no cell on the line')
    return next.cell
  }
}
