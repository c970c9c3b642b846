/**
 * How long a process does nothing but one thing: the longest turn of its event loop.
 *
 * @module
 */
import { openSync, readSync } from 'node:fs'

/** The longest turn, in ms. */
export interface Stall {
  readonly ms: number
  /**
   * How long its thread was at work in it: what it waited for a processor belongs to others on the machine, and what other
   * threads compiled and collected meanwhile holds nothing up.
   */
  readonly cpu: number
}

/** How old what is known of the processor may be, in ms: asking takes longer than most turns do. */
const ASKED_EVERY = 1

/** Watches the event loop by taking every turn of it, which takes a processor for itself: nothing else is measured with it. */
export class Stalls {
  #longest: Stall = { ms: 0, cpu: 0 }
  #isOver = false

  constructor() {
    const threadTime = timeOfThread()
    let at = performance.now()
    let askedAt = at
    let cpu = threadTime()
    const turn = (): void => {
      const now = performance.now()
      if (now - askedAt > ASKED_EVERY) {
        const stall = { ms: now - at, cpu: Math.min(now - at, threadTime() - cpu) }
        if (stall.cpu > this.#longest.cpu) this.#longest = stall
        cpu = threadTime()
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

/** Gives what tells for how many ms the main thread has been at work; where the system does not say, all threads. */
function timeOfThread(): () => number {
  let file: number
  try {
    file = openSync('/proc/self/schedstat', 'r')
  } catch {
    // Not Linux.
    return () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    }
  }
  const text = new Uint8Array(64)
  return () => Number.parseInt(String.fromCharCode(...text.subarray(0, readSync(file, text, 0, text.length, 0)))) / 1e6
}
