/**
 * A clock that stands still while somebody else works in this process: what a relay does here is not the client's time.
 *
 * @module
 */

/** Measures how long the client's thread takes, in seconds. */
export class StopClock {
  /** When counting began, in ms; undefined while nothing is counted. */
  #since: number | undefined
  #counted = 0

  /** Begins to count, from 0. */
  start(): void {
    this.#counted = 0
    this.#since = performance.now()
  }

  /** Ends counting and gives the seconds that were counted. */
  stop(): number {
    if (this.#since !== undefined) this.#counted += performance.now() - this.#since
    this.#since = undefined
    return this.#counted / 1000
  }

  /**
   * Does work that does not count; within such work it makes no difference. It must be synchronous: whatever runs
   * between two turns belongs to the client.
   */
  pause<T>(work: () => T): T {
    if (this.#since === undefined) return work()
    this.#counted += performance.now() - this.#since
    this.#since = undefined
    try {
      return work()
    } finally {
      this.#since = performance.now()
    }
  }
}
