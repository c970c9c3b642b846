/**
 * A clock that counts the CPU time of this process, and stands still while somebody else works in it: what a relay does here
 * is not the client's time, and neither is what other processes take from this one.
 *
 * @module
 */

/** Measures how much CPU time the client takes, in seconds: user and system, collecting garbage included. */
export class StopClock {
  /** What had been used when counting began, in us; undefined while nothing is counted. */
  #since: number | undefined
  #counted = 0

  /** Begins to count, from 0. */
  start(): void {
    this.#counted = 0
    this.#since = cpuTime()
  }

  /** Ends counting and gives the seconds that were counted. */
  stop(): number {
    if (this.#since !== undefined) this.#counted += cpuTime() - this.#since
    this.#since = undefined
    return this.#counted / 1e6
  }

  /** Does work that does not count. It must be synchronous: whatever runs between two turns belongs to the client. */
  pause<T>(work: () => T): T {
    if (this.#since === undefined) return work()
    this.#counted += cpuTime() - this.#since
    try {
      return work()
    } finally {
      this.#since = cpuTime()
    }
  }
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
