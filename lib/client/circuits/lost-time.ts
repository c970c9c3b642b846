/**
 * Whether time was lost: the machine slept, or somebody set its clock. The links may be dead then (C tor,
 * `NUM_JUMPED_SECONDS_BEFORE_WARN` and half of `NUM_IDLE_SECONDS_BEFORE_WARN`).
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'

/** This process did nothing for longer than so, or its clocks went apart by more, in ms. */
const LONGEST_STANDSTILL = 1_800_000
const MOST_APART = 100_000

export class LostTime {
  readonly #clock: Clock
  #lastLook: readonly [now: number, monotonic: number]

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastLook = [clock.now(), monotonicTime(clock)]
  }

  /** Looks at both clocks; true when time was lost since the last look. */
  look(): boolean {
    const [lastNow, lastMonotonic] = this.#lastLook
    const [now, monotonic] = (this.#lastLook = [this.#clock.now(), monotonicTime(this.#clock)])
    const passed = now - lastNow
    return Math.abs(passed) > LONGEST_STANDSTILL || Math.abs(passed - (monotonic - lastMonotonic)) > MOST_APART
  }
}
