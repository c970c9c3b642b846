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

/** How old what is known of the processor may be, in ms: asking takes longer than most turns do. */
const ASKED_EVERY = 1

/** Watches the event loop by taking every turn of it, which takes a processor for itself: nothing else is measured with it. */
export class Stalls {
  #longest: Stall = { ms: 0, cpu: 0 }
  #isOver = false

  constructor() {
    let at = performance.now()
    let askedAt = at
    let cpu = process.cpuUsage()
    const turn = (): void => {
      const now = performance.now()
      if (now - askedAt > ASKED_EVERY) {
        const { user, system } = process.cpuUsage(cpu)
        const stall = { ms: now - at, cpu: Math.min(now - at, (user + system) / 1000) }
        if (stall.cpu > this.#longest.cpu) this.#longest = stall
        cpu = process.cpuUsage()
        askedAt = now
      }
      at = performance.now()
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
