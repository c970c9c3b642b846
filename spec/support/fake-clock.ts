/**
 * Time that moves when a spec says so.
 *
 * @module
 */
import type { Clock } from '../../lib/base/waiting/clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
  /** It would not keep a process. */
  readonly background: boolean
}

export class FakeClock implements Clock {
  #now = 1_700_000_000_000
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  after(delay: number, callback: () => void): () => void {
    return this.#start(delay, callback, false)
  }

  background(delay: number, callback: () => void): () => void {
    return this.#start(delay, callback, true)
  }

  /** How many timers are running. */
  get timers(): number {
    return this.#timers.size
  }

  /** How many of them would keep a process. */
  get awaited(): number {
    return [...this.#timers].filter(({ background }) => !background).length
  }

  /** How long it is until the next timer is due, in ms; undefined when there is none. */
  get untilNext(): number | undefined {
    const next = this.#dueBy(Infinity)
    return next && Math.max(0, next.at - this.#now)
  }

  #start(delay: number, callback: () => void, background: boolean): () => void {
    if (!(delay >= 0 && delay < 2 ** 31)) throw new RangeError(`no timer waits ${delay} ms`)
    const timer = { at: this.#now + delay, callback, background }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets time pass, calling what is due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#dueBy(end); next !== undefined; next = this.#dueBy(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }

  /** Time passes, and nothing is called: the machine sleeps. What was due is called by the next {@link advance}. */
  sleep(ms: number): void {
    this.#now += ms
  }

  #dueBy(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
}
