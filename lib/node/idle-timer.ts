/**
 * The timer of `net.Socket.setTimeout`: it goes off once when nothing has happened for a while, and starts again with
 * what happens next. As there it does not keep the process.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../base/waiting/clock.ts'

/** One timer; noting that something happened costs no more than reading the time. */
export class IdleTimer {
  readonly #clock: Clock
  readonly #onIdle: () => void
  #limit = 0
  #last = 0
  #stop: (() => void) | undefined

  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock
    this.#onIdle = onIdle
  }

  /** Goes off after `limit` ms without a {@link note}; 0 stops it. */
  set(limit: number): void {
    this.#stop?.()
    this.#stop = undefined
    this.#limit = limit
    this.#last = this.#clock.now()
    if (limit > 0) this.#wait(limit)
  }

  /** Something has happened. */
  note(): void {
    if (this.#limit === 0) return
    this.#last = this.#clock.now()
    if (this.#stop === undefined) this.#wait(this.#limit)
  }

  #wait(delay: number): void {
    this.#stop = startBackgroundTimer(this.#clock, delay, () => {
      const left = this.#last + this.#limit - this.#clock.now()
      if (left > 0) return this.#wait(left)
      this.#stop = undefined
      this.#onIdle()
    })
  }
}
