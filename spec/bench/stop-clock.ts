/**
 * A clock that stands still while somebody else works: what a relay does in this process is not the client's time.
 *
 * @module
 */

/** Measures how long the client takes, in seconds. */
export class StopClock {
  /** When the time that is being counted began; undefined while nothing is counted. */
  #since: number | undefined
  #elapsed = 0

  /** Begins to count, from 0. */
  start(): void {
    this.#elapsed = 0
    this.#since = performance.now()
  }

  /** Ends counting and gives the seconds that were counted. */
  stop(): number {
    if (this.#since !== undefined) this.#elapsed += performance.now() - this.#since
    this.#since = undefined
    return this.#elapsed / 1000
  }

  /** Does work that does not count. It must be synchronous: whatever runs between two turns belongs to the client. */
  pause<T>(work: () => T): T {
    if (this.#since === undefined) return work()
    this.#elapsed += performance.now() - this.#since
    try {
      return work()
    } finally {
      this.#since = performance.now()
    }
  }
}
