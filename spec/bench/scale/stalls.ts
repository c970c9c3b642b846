/**
 * How long a process does nothing but one thing: the longest turn of its event loop.
 *
 * @module
 */

/** The longest turn, in ms. */
export interface Stall {
  readonly ms: number
  /** What of it the process was at work, on all its threads: the rest belongs to others on the machine. */
  readonly cpu: number
}

/** Watches the event loop by taking every turn of it. */
export class Stalls {
  #longest: Stall = { ms: 0, cpu: 0 }
  #isOver = false

  constructor() {
    let at = performance.now()
    let cpu = process.cpuUsage()
    const turn = (): void => {
      const now = performance.now()
      const { user, system } = process.cpuUsage(cpu)
      const stall = { ms: now - at, cpu: Math.min(now - at, (user + system) / 1000) }
      if (stall.cpu > this.#longest.cpu) this.#longest = stall
      at = now
      cpu = process.cpuUsage()
      if (!this.#isOver) setImmediate(turn)
    }
    setImmediate(turn)
  }

  /** Ends watching. */
  async end(): Promise<Stall> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#isOver = true
    return this.#longest
  }
}
