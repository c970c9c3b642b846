/**
 * One circuit that is being built, and its time: when it is too late to be used, when it is not measured any more, and
 * what is learned from it (C tor, circuit_expire_building and circuit_build_times_handle_completed_hop).
 *
 * Its time begins with the CREATE2, not when the link is dialled: that has a limit of its own.
 *
 * @module
 */
import { monotonicTime, startBackgroundTimer, startTimer, type Clock } from '../../../base/waiting/clock.ts'
import { deferred, type Deferred } from '../../../base/waiting/deferred.ts'
import { TorError } from '../../../base/errors.ts'
import type { BuildProgress } from '../../../circuit/build/build-progress.ts'
import type { Circuit } from '../../../circuit/circuit.ts'
import type { BuildTimes } from './build-times.ts'
import { MEASURED_HOPS, timeoutFor } from './path-timeouts.ts'

/** As long as no circuit is open, how often it is looked whether one is, in ms. */
const RELAXED_INTERVAL = 1000

export class TimedBuild implements BuildProgress {
  /** Rejects with `CIRCUIT_TIMEOUT` when the circuit is too late to be used, if it ever is. Handled. */
  readonly late: Promise<never>
  readonly #late: Deferred<never> = deferred()
  readonly #circuit: Circuit
  readonly #hops: number
  readonly #times: BuildTimes
  readonly #clock: Clock
  readonly #madeAt: number
  #begunAt = 0
  #isLate = false
  /** It was too late, and is still waited for: there is nothing better. */
  #isRelaxed = false
  #hasMeasure = false
  #isOver = false
  #stopTimer: (() => void) | undefined

  constructor(circuit: Circuit, times: BuildTimes, clock: Clock) {
    this.late = this.#late.promise
    this.#circuit = circuit
    this.#hops = circuit.path.length
    this.#times = times
    this.#clock = clock
    this.#madeAt = monotonicTime(clock)
    times.begun()
    circuit.controller.progress = this
    circuit.opened.then(
      () => this.#opened(),
      () => this.#over(),
    )
  }

  /** True when it is not to be used, and built only to measure it. */
  get isLate(): boolean {
    return this.#isLate
  }

  created(): void {
    if (this.#isOver) return
    this.#begunAt = monotonicTime(this.#clock)
    this.#arm(timeoutFor(this.#hops, this.#times.timeout))
  }

  extended(hops: number): void {
    if (hops !== MEASURED_HOPS || this.#hops < MEASURED_HOPS) return
    const time = this.#elapsed
    this.#hasMeasure = true
    if (time > this.#times.timeout && this.#times.hasOpen) this.#tooLate()
    this.#times.completed(time, this.#isLate)
  }

  get #elapsed(): number {
    return monotonicTime(this.#clock) - this.#begunAt
  }

  /** True when its time is worth waiting for. */
  get #isCounted(): boolean {
    return this.#times.isLearned && this.#hops >= MEASURED_HOPS && !this.#hasMeasure
  }

  #check(): void {
    if (this.#isOver) return
    const elapsed = this.#elapsed
    const { close, timeout, hasOpen } = this.#times
    const limit = this.#isLate ? close : timeoutFor(this.#hops, timeout)
    if (elapsed >= 0 && elapsed < limit) return this.#arm(limit - elapsed)
    if (!this.#isLate && !hasOpen && elapsed < close) {
      if (!this.#isRelaxed) this.#times.timedOut(this.#circuit.hops > 0)
      this.#isRelaxed = true
      return this.#arm(Math.min(RELAXED_INTERVAL, close - elapsed))
    }
    if (!this.#isCounted) return this.#giveUp()
    if (!this.#isLate) {
      this.#tooLate()
      return this.#arm(Math.max(0, close - elapsed))
    }
    // A time that is longer by far is that of a machine which slept.
    if (elapsed <= 2 * close + 1000) this.#times.abandoned(this.#madeAt)
    this.#giveUp()
  }

  #tooLate(): void {
    if (this.#isLate) return
    this.#isLate = true
    if (!this.#isRelaxed) this.#times.timedOut(this.#circuit.hops > 0)
    this.#late.reject(this.#timeoutError())
  }

  #giveUp(): void {
    this.#circuit.controller.abandon(this.#timeoutError())
  }

  #timeoutError(): TorError {
    const cause = new TorError('CIRCUIT_HANDSHAKE', `hop ${this.#circuit.hops + 1} did not answer`)
    return new TorError('CIRCUIT_TIMEOUT', `the circuit was not built within ${Math.round(this.#elapsed)} ms`, {
      cause,
    })
  }

  #opened(): void {
    this.#over()
    if (this.#isLate || this.#hops < MEASURED_HOPS) return
    const closed = this.#times.opened()
    this.#circuit.closed.then(closed, closed)
  }

  #over(): void {
    this.#isOver = true
    this.#stopTimer?.()
  }

  /** Nobody waits for a circuit that is only measured. */
  #arm(delay: number): void {
    this.#stopTimer?.()
    const start = this.#isLate ? startBackgroundTimer : startTimer
    // A whole number: with less than the clock tells, it would be asked over and over whether the time has come.
    this.#stopTimer = start(this.#clock, Math.max(1, Math.ceil(delay)), () => this.#check())
  }
}
