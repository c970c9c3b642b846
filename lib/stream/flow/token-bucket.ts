/**
 * A rate that the far end asked for, obeyed: a bucket of bytes that fills at that rate and holds what a second brings
 * (C tor's `token_bucket_rw`, with rate and burst the same).
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'

export class TokenBucket {
  readonly #clock: Clock
  /** Bytes per second, and the most bytes that the bucket holds. */
  #rate = Infinity
  /** Below 0 when more was taken than there was. */
  #tokens = Infinity
  /** When the tokens were counted. */
  #at = 0

  /** Without a limit, until a rate is set. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bytes that may be sent now; `Infinity` without a limit. */
  get tokens(): number {
    if (this.#rate !== Infinity) this.#fill()
    return this.#tokens
  }

  /** Another rate, in bytes per second, or `Infinity`. What the bucket holds stays in it as far as it finds room. */
  setRate(rate: number): void {
    this.#fill()
    this.#rate = rate
    this.#tokens = rate === Infinity ? Infinity : Math.min(this.#tokens, rate)
  }

  /** Bytes were sent. */
  take(bytes: number): void {
    this.#tokens -= bytes
  }

  /** In how many ms there will be this many bytes. */
  timeUntil(bytes: number): number {
    const missing = bytes - this.tokens
    return missing > 0 ? (missing / this.#rate) * 1000 : 0
  }

  #fill(): void {
    const now = monotonicTime(this.#clock)
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    if (this.#rate !== Infinity) this.#tokens = Math.min(this.#rate, this.#tokens + (elapsed * this.#rate) / 1000)
  }
}
