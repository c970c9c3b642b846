/**
 * Tor's Vegas (proposal 324, 3.3): how many cells of a circuit may be on their way. What exceeds the bandwidth-delay
 * product waits in queues of relays; the window is kept so that a few cells do.
 *
 * A state machine: it knows neither cells nor time, only what it is told of each SENDME.
 *
 * @module
 */
import type { CongestionControlParameters } from './parameters.ts'
import { RttEstimator } from './rtt.ts'

/** The most cells that a SENDME may acknowledge: what the consensus may say, and C tor accepts. */
const MAX_INCREMENT = 254

/** The congestion window of one hop, and what it is judged by. */
export class Vegas {
  /** The round-trip time, as measured by SENDMEs. */
  readonly rtt: RttEstimator
  readonly #parameters: CongestionControlParameters
  readonly #increment: number
  /** Of less than one increment nothing would ever be acknowledged. */
  readonly #min: number
  readonly #max: number
  #cwnd: number
  /** The bandwidth-delay product, in cells. */
  #bdp = 0
  #inSlowStart = true
  #isFull = false
  #isBlocked = false
  /** SENDMEs until the window may change again (`next_cc_event`). */
  #untilUpdate = 1
  /** SENDMEs until a whole window is acknowledged (`next_cwnd_event`). */
  #untilWindow = 0

  /**
   * @param parameters - what the consensus says
   * @param increment - how many cells a SENDME acknowledges
   * @throws RangeError when the increment is not a number from 1 to 254
   */
  constructor(parameters: CongestionControlParameters, increment: number) {
    if (!Number.isInteger(increment) || increment < 1 || increment > MAX_INCREMENT) {
      throw new RangeError(`Cannot have an increment of ${increment} as it must be a number from 1 to ${MAX_INCREMENT}`)
    }
    this.rtt = new RttEstimator(parameters)
    this.#parameters = parameters
    this.#increment = increment
    this.#min = Math.max(parameters.cwndMin, increment)
    this.#max = Math.max(parameters.cwndMax, this.#min)
    this.#cwnd = this.#bounded(parameters.cwndInit)
  }

  /** The congestion window, in cells. */
  get cwnd(): number {
    return this.#cwnd
  }

  /** True until the first sign of a queue. */
  get inSlowStart(): boolean {
    return this.#inSlowStart
  }

  /** The window was used so far that it may grow. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** At the last SENDME the link took no cells. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /**
   * A SENDME came: everything is judged anew.
   *
   * @param sample - µs since the cell was sent that it answers
   * @param inflight - cells on their way, with those that it acknowledges
   * @param isBlocked - the link takes no cells now, which is a sign of congestion by itself
   */
  acknowledged(sample: number, inflight: number, isBlocked: boolean): void {
    this.#untilUpdate = Math.max(0, this.#untilUpdate - 1)
    this.#untilWindow = Math.max(0, this.#untilWindow - 1)
    const isMeasured = this.rtt.update(sample, {
      inSlowStart: this.#inSlowStart,
      updateRate: this.#updateRate(),
      isMinimal: this.#cwnd === this.#min,
    })
    this.#estimate(isBlocked)
    if (!isMeasured && !isBlocked) return
    this.#judgeFullness(inflight)
    const queued = Math.max(0, this.#cwnd - this.#bdp)
    if (this.#inSlowStart) this.#slowStart(queued)
    else if (this.#untilUpdate === 0) this.#steady(queued)
    this.#restartCounts()
  }

  /** The bandwidth-delay product, and whether the link is blocked (proposal 324, 3.1). */
  #estimate(isBlocked: boolean): void {
    const { smoothed, min } = this.rtt
    // Without a single measurement nothing is known of queues. Ours is empty: a cell is sealed only when the link takes
    // it.
    this.#bdp = smoothed === 0 ? this.#cwnd : Math.floor((this.#cwnd * min) / smoothed)
    // A link that blocks or is free again is judged at once, and then no more than once a window.
    if (smoothed !== 0 && isBlocked !== this.#isBlocked) this.#untilUpdate = 0
    this.#isBlocked = isBlocked
  }

  #judgeFullness(inflight: number): void {
    const { cwndFullGap, cwndFullMinPct } = this.#parameters
    if (inflight + cwndFullGap * this.#increment >= this.#cwnd) this.#isFull = true
    else if (100 * inflight < cwndFullMinPct * this.#cwnd) this.#isFull = false
  }

  #slowStart(queued: number): void {
    const { gamma, slowStartMax, cwndIncrement, cwndIncrementRate } = this.#parameters
    if (queued >= gamma || this.#isBlocked) {
      this.#cwnd = this.#bounded(this.#bdp + gamma)
      this.#inSlowStart = false
    } else if (this.#isFull) {
      const step = this.#slowStartStep()
      this.#cwnd = this.#bounded(this.#cwnd + step)
      // Steady state would grow as fast.
      if (step * this.#acksPerWindow() <= cwndIncrement * cwndIncrementRate) this.#inSlowStart = false
    }
    if (this.#cwnd >= slowStartMax) {
      this.#cwnd = this.#bounded(slowStartMax)
      this.#inSlowStart = false
    }
  }

  /** Limited slow start (RFC 3742): exponential up to the cap, above it half a cap for each round trip. */
  #slowStartStep(): number {
    const { slowStartCap, cwndIncrementPctSlowStart } = this.#parameters
    if (this.#cwnd <= slowStartCap) return Math.floor((cwndIncrementPctSlowStart * this.#increment + 50) / 100)
    return Math.max(1, Math.floor((this.#increment * slowStartCap + this.#cwnd) / (2 * this.#cwnd)))
  }

  #steady(queued: number): void {
    const { alpha, beta, delta, cwndIncrement } = this.#parameters
    if (queued > delta) this.#cwnd = this.#bounded(this.#bdp + delta - cwndIncrement)
    else if (queued > beta || this.#isBlocked) this.#cwnd = this.#bounded(this.#cwnd - cwndIncrement)
    else if (this.#isFull && queued < alpha) this.#cwnd = this.#bounded(this.#cwnd + cwndIncrement)
  }

  /**
   * Begins the counts that have ended, and with a new window, or a new change of it, judges anew whether it is full.
   */
  #restartCounts(): void {
    if (this.#untilWindow === 0) this.#untilWindow = this.#acksPerWindow()
    if (this.#untilUpdate === 0) this.#untilUpdate = this.#updateRate()
    const isOnceAWindow = this.#parameters.cwndFullPerCwnd === 1
    const isNew = isOnceAWindow ? this.#untilWindow === this.#acksPerWindow() : this.#untilUpdate === this.#updateRate()
    if (isNew) this.#isFull = false
  }

  /** SENDMEs between two changes of the window; 0 is each of them, too (`CWND_UPDATE_RATE`). */
  #updateRate(): number {
    if (this.#inSlowStart) return 1
    const cells = this.#parameters.cwndIncrementRate * this.#increment
    return Math.floor((this.#cwnd + Math.floor(cells / 2)) / cells)
  }

  /** SENDMEs for a whole window, rounded (`SENDME_PER_CWND`). */
  #acksPerWindow(): number {
    return Math.floor((this.#cwnd + Math.floor(this.#increment / 2)) / this.#increment)
  }

  #bounded(cwnd: number): number {
    return Math.max(this.#min, Math.min(this.#max, cwnd))
  }
}
