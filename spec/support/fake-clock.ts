/**
 * Time that moves when a spec says so.
 *
 * @module
 */
import type { Clock } from '../../lib/base/clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export class FakeClock implements Clock {
  #now = 1_700_000_000_000
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  after(delay: number, callback: () => void): () => void {
    if (!(delay >= 0 && delay < 2 ** 31)) throw new RangeError(`no timer waits ${delay} ms`)
    const timer = { at: this.#now + delay, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** How many timers are running. */
  get timers(): number {
    return this.#timers.size
  }

  /** Lets time pass, calling what is due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#dueBy(end); next !== undefined; next = this.#dueBy(end)) {
      this.#timers.delete(next)
      this.#now = next.at
      next.callback()
    }
    this.#now = end
  }

  #dueBy(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
}
