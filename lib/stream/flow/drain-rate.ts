/**
 * How fast the application takes what waits for it: the rate that an XON tells the far end (proposal 324, section
 * 4.1.2).
 *
 * A measurement begins when the application takes bytes and leaves others behind, and counts what it takes from then
 * on: so neither a time in which nothing arrives nor a pause before it begins to read counts as slowness. Arti measures
 * nothing and C tor begins as soon as bytes wait, by which a reader that paused and then reads as fast as it can is
 * held to a crawl.
 *
 * @module
 */

/**
 * A shorter time says nothing, in ms: the clocks of some runtimes move in steps of one. Who empties the queue in less
 * is not slow.
 */
const SHORTEST = 10

/** Rates are in bytes per ms, which is 1000 bytes per second, the unit of an XON. */
export class DrainRate {
  readonly #bytes: number
  readonly #count: number
  #rate = Infinity
  /** When the measurement that is under way began. */
  #since: number | undefined
  /** What it counts so far. */
  #measured = 0
  /** Bytes that were taken in a row without leaving any behind. */
  #unqueued = 0

  /**
   * @param bytes - how many bytes make a measurement
   * @param count - how many measurements are averaged: the N of an N-EWMA
   */
  constructor(bytes: number, count: number) {
    this.#bytes = bytes
    this.#count = count
  }

  /** The average; `Infinity` before there is one, and when the queue was empty for long. */
  get rate(): number {
    return this.#rate
  }

  /** The application took `bytes` bytes, and left `waiting` behind. `now` in ms. */
  drained(bytes: number, waiting: number, now: number): void {
    if (this.#since === undefined) {
      if (waiting > 0) this.#begin(now)
      else this.#countUnqueued(bytes)
      return
    }
    this.#measured += bytes
    const elapsed = now - this.#since
    if (elapsed < SHORTEST) {
      if (waiting > 0) return
      this.#countUnqueued(this.#measured)
      this.#begin(undefined)
    } else if (this.#measured >= this.#bytes || (waiting === 0 && this.#rate === Infinity)) {
      this.#average(this.#measured / elapsed) // the first after an XOFF may be a short one: it is better than none
      this.#begin(waiting > 0 ? now : undefined)
    } else if (waiting === 0) {
      this.#unqueued = 0
      this.#begin(undefined)
    }
  }

  /** An XOFF goes out: whatever was measured was wrong. */
  forget(): void {
    this.#rate = Infinity
    this.#unqueued = 0
    this.#begin(undefined)
  }

  #begin(now: number | undefined): void {
    this.#since = now
    this.#measured = 0
  }

  #average(rate: number): void {
    this.#unqueued = 0
    this.#rate = this.#rate === Infinity ? rate : (2 * rate + (this.#count - 1) * this.#rate) / (this.#count + 1)
  }

  /**
   * The queue was as good as empty: after a measurement's worth of bytes the rate is taken for too low, and doubles.
   */
  #countUnqueued(bytes: number): void {
    this.#unqueued += bytes
    if (this.#unqueued < this.#bytes) return
    this.#unqueued = 0
    this.#rate *= 2
  }
}
