/**
 * The last rates of something, oldest first, in a fixed space.
 *
 * @module
 */

/** How many rates are kept. */
export const HISTORY_SIZE = 240

/** Rates in bytes a second. */
export class History {
  readonly #values = new Float64Array(HISTORY_SIZE)
  #next = 0

  /** Adds the newest. The oldest is forgotten. */
  push(value: number): void {
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % HISTORY_SIZE
  }

  /** The newest. */
  get latest(): number {
    return this.at(HISTORY_SIZE - 1)
  }

  /** The highest. */
  get highest(): number {
    return this.#values.reduce((highest, value) => Math.max(highest, value), 0)
  }

  /** Number `index`, 0 being the oldest; 0 for what never was. */
  at(index: number): number {
    return this.#values[(this.#next + index) % HISTORY_SIZE] ?? 0
  }

  /** The mean of the newest `count`. */
  recent(count: number): number {
    let sum = 0
    for (let back = 1; back <= count; back++) sum += this.at(HISTORY_SIZE - back)
    return sum / count
  }
}
