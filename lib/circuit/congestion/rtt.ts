/**
 * The round-trip time of a circuit: from the cell that a SENDME answers to that SENDME (proposal 324, 2.1). In µs, in
 * whole numbers as relays calculate, so that the published vectors hold.
 *
 * @module
 */
import type { CongestionControlParameters } from './parameters.ts'

/** What the window is like when a SENDME comes: how its sample counts depends on it. */
export interface WindowPhase {
  /** No sign of a queue has come so far. */
  readonly inSlowStart: boolean
  /** SENDMEs between two changes of the window (`CWND_UPDATE_RATE`). */
  readonly updateRate: number
  /** The window is as small as it may become. */
  readonly isMinimal: boolean
}

/** By what factor two round-trip times may differ before the clock is suspected (`DELTA_DISCREPENCY_RATIO_MAX`). */
const MAX_RATIO = 5000

/**
 * Tells a clock that stands or jumps from a network that is slow (proposal 324, 2.1.1). A sample of 0 shows that the
 * clock stands, which is remembered until samples are alike again: one that is far too short could be the end of such a
 * stall.
 */
export class ClockWatch {
  #isStalled = false

  /** The clock stood, and nothing since has shown that it runs. */
  get isStalled(): boolean {
    return this.#isStalled
  }

  /**
   * Whether a sample is to be thrown away.
   *
   * @param sample - the new round-trip time; one below 0 is of a clock that went back
   * @param smoothed - the present estimate, 0 for none
   */
  rejects(sample: number, smoothed: number, inSlowStart: boolean): boolean {
    if (sample <= 0) {
      this.#isStalled = true
      return true
    }
    // In slow start there are too few samples to judge by.
    if (inSlowStart || smoothed === 0) return false
    if (smoothed > sample * MAX_RATIO) return this.#isStalled
    // Whoever delays SENDMEs can cause this, so it says nothing of the clock.
    if (sample > smoothed * MAX_RATIO) return true
    this.#isStalled = false
    return false
  }
}

/** The smoothed, the least and the greatest round-trip time. */
export class RttEstimator {
  readonly #parameters: CongestionControlParameters
  readonly #watch = new ClockWatch()
  #smoothed = 0
  #min = 0
  #max = 0

  constructor(parameters: CongestionControlParameters) {
    this.#parameters = parameters
  }

  /** The N-EWMA of the samples, in µs; 0 before the first. */
  get smoothed(): number {
    return this.#smoothed
  }

  /** The least that the smoothed time was, in µs: that of a circuit without queues. 0 before the first sample. */
  get min(): number {
    return this.#min
  }

  /** The greatest sample, in µs. */
  get max(): number {
    return this.#max
  }

  /**
   * A SENDME came. Returns false, and changes nothing, when the clock cannot be trusted with the sample.
   *
   * @param sample - µs since the cell was sent that it answers
   */
  update(sample: number, phase: WindowPhase): boolean {
    if (this.#watch.rejects(sample, this.#smoothed, phase.inSlowStart)) return false
    this.#smoothed = this.#smoothed === 0 ? sample : ewma(sample, this.#smoothed, this.#count(phase))
    this.#max = Math.max(this.#max, sample)
    if (this.#min === 0) this.#min = this.#smoothed
    // A least time that was too low to be true has brought the window down: without another it would never grow again
    // (CVE-2022-33903).
    else if (phase.isMinimal && !phase.inSlowStart) this.#min = this.#raisedMin()
    else this.#min = Math.min(this.#min, this.#smoothed)
    return true
  }

  /** The N of the average (proposal 324, 2.1.2). */
  #count({ inSlowStart, updateRate }: WindowPhase): number {
    const { ewmaSlowStart, ewmaCwndPct, ewmaMax } = this.#parameters
    return Math.max(2, inSlowStart ? ewmaSlowStart : Math.min(Math.floor((updateRate * ewmaCwndPct) / 100), ewmaMax))
  }

  /** Between the least and the present time, where the parameter says: by default the greater of them. */
  #raisedMin(): number {
    const { rttResetPct } = this.#parameters
    const greater = Math.max(this.#smoothed, this.#min)
    const lesser = Math.min(this.#smoothed, this.#min)
    return Math.floor((rttResetPct * greater + (100 - rttResetPct) * lesser) / 100)
  }
}

/** The average of about the last `count` values, where the newest counts most. */
function ewma(value: number, average: number, count: number): number {
  return Math.floor((2 * value + (count - 1) * average) / (count + 1))
}
