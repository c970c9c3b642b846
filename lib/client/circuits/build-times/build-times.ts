/**
 * How long circuits may take to be built, learned from how long they took (path-spec, "Learning when to give up on
 * circuit construction"; C tor's circuitstats.c). Without I/O and timers: who builds circuits tells what became of them.
 *
 * - A circuit that has not three hops within the timeout is not used, but measured until the longer close timeout, so
 *   that what is learned does not depend on what was learned before.
 * - As long as too little is known both are the initial timeout.
 * - While the network is down nothing is learned.
 * - When nearly all circuits of late were too late the network is another one: all is forgotten, and the timeout doubled
 *   if that had been done before.
 *
 * @module
 */
import type { ParameterLookup } from '../../../base/parameter-lookup.ts'
import type { Random } from '../../../base/random.ts'
import { BuildHistory } from './build-history.ts'
import { BuildTimeParameters } from './parameters.ts'
import { ABANDONED, fit, quantileOf } from './pareto.ts'

/** After so many new times they are kept. */
const SAVE_EVERY = 10

/** The most that timeouts are doubled to, in ms. */
const MAX_DOUBLED = 0x4000_0000

/** How many of the last times tell how long is long, at least and at most; and within what bounds, in ms. */
const SOME = 5
const MANY = 20
const MIN_PATIENCE = 1000
export const MAX_PATIENCE = 15_000

/** What build times need. */
export interface BuildTimesOptions {
  /** A parameter of the network. */
  readonly param: ParameterLookup
  /** The time, in ms, that nobody sets. */
  now(): number
  /** When any relay was last heard, by the same time. */
  lastLive(): number
  readonly random: Random
  /** There is something new to keep. */
  changed(): void
}

/** Two timeouts, in ms. */
interface Timeouts {
  readonly timeout: number
  readonly close: number
}

export class BuildTimes {
  readonly parameters: BuildTimeParameters
  readonly #options: BuildTimesOptions
  readonly #history = new BuildHistory()
  /** Whether each of the last circuits that had a first hop was too late, oldest first. */
  #recent: boolean[] = []
  /** What the last circuits took, whatever was forgotten since. */
  #lastTimes: number[] = []
  /** Learned, or doubled; undefined for the initial ones. */
  #timeouts: Timeouts | undefined
  /** How many circuits lived and died without a sign of life of the network, and when the last of them died. */
  #dead = 0
  #lastDeath = 0
  #lastBegun: number
  #open = 0
  #unsaved = 0

  constructor(options: BuildTimesOptions) {
    this.#options = options
    this.parameters = new BuildTimeParameters(options.param)
    this.#lastBegun = options.now()
  }

  /** When a circuit of three hops is too late to be used, in ms after its first cell. */
  get timeout(): number {
    return this.#learned?.timeout ?? this.parameters.initialTimeout
  }

  /** When it is not even measured any more. */
  get close(): number {
    return this.#learned?.close ?? this.parameters.initialTimeout
  }

  /**
   * How long a circuit that somebody waits for is waited for before a further one is begun beside it, in ms: longer than any
   * of the last ones took. Nothing is given up for that. `Infinity` on a network that is silent altogether: a further one
   * would get no further.
   */
  get patience(): number {
    if (!this.heardSince(this.#options.now() - MAX_PATIENCE)) return Infinity
    if (this.#lastTimes.length < SOME) return MAX_PATIENCE
    return Math.min(MAX_PATIENCE, Math.max(MIN_PATIENCE, 1.5 * Math.max(...this.#lastTimes)))
  }

  /** How many times are known. */
  get count(): number {
    return this.#history.times.length
  }

  /** True when enough is known. */
  get isLearned(): boolean {
    return !this.parameters.isDisabled && this.count >= this.parameters.leastCircuits
  }

  /** True when more has to be known. */
  get isLearning(): boolean {
    return !this.parameters.isDisabled && this.count < this.parameters.leastCircuits
  }

  /** True when it is time for a circuit to learn from, if there are not too many without a stream. */
  get wantsCircuit(): boolean {
    return this.isLearning && this.#options.now() - this.#lastBegun > this.parameters.testInterval
  }

  /** True while some circuit is open: without one, those that are late are still waited for. */
  get hasOpen(): boolean {
    return this.#open > 0
  }

  /** True when any relay was heard since then. */
  heardSince(then: number): boolean {
    return this.#options.lastLive() >= then
  }

  /** A circuit is begun. */
  begun(): void {
    this.#lastBegun = this.#options.now()
  }

  /** A circuit of three hops or more may be used; call what is returned when it is closed. */
  opened(): () => void {
    this.#open += 1
    return () => void (this.#open -= 1)
  }

  /**
   * A circuit got its third hop.
   *
   * @param time - since its first cell, in ms
   * @param isLate - it was too late to be used
   */
  completed(time: number, isLate: boolean): void {
    if (this.parameters.isDisabled) return
    // Somebody set the clock, or the machine slept.
    if (!(time >= 0 && time <= 2 * this.close + 1000)) return
    this.#lastTimes = [...this.#lastTimes, time].slice(-MANY)
    if (this.#isLive) this.#add(Math.max(1, Math.floor(time)))
    if (!isLate) this.#remember(false)
  }

  /** A circuit is too late. It counts only when it had its first hop: else that is to blame. */
  timedOut(hasFirstHop: boolean): void {
    if (this.parameters.isDisabled || !hasFirstHop) return
    this.#remember(true)
    if (this.#recent.filter((isLate) => isLate).length < this.parameters.maxTimeouts) return
    this.#history.clear()
    this.#recent = []
    const { timeout, close } = this
    if (timeout < this.parameters.initialTimeout) this.#timeouts = undefined
    else if (Math.max(timeout, close) <= MAX_DOUBLED) this.#timeouts = { timeout: 2 * timeout, close: 2 * close }
    this.#options.changed()
  }

  /**
   * A circuit was measured until its close timeout, and closed.
   *
   * @param begun - when it was begun, before its link was dialled
   */
  abandoned(begun: number): void {
    if (this.parameters.isDisabled) return
    if (!this.heardSince(begun)) {
      this.#dead += 1
      this.#lastDeath = this.#options.now()
    }
    if (this.#isLive) this.#add(ABANDONED)
  }

  /** True when there is something to keep that is not kept. */
  get isUnsaved(): boolean {
    return this.#unsaved > 0
  }

  /** What is to be kept, as text. */
  save(): string {
    this.#unsaved = 0
    return this.#history.save()
  }

  /**
   * Takes over what was kept.
   *
   * @throws Error when it is damaged
   */
  load(text: string): void {
    this.#history.load(text, this.#options.random)
    this.#learn()
  }

  get #learned(): Timeouts | undefined {
    return this.parameters.isDisabled ? undefined : this.#timeouts
  }

  /** False from when a circuit lived and died in silence until a relay is heard. */
  get #isLive(): boolean {
    if (this.#dead > 0 && this.#options.lastLive() > this.#lastDeath) this.#dead = 0
    return this.#dead === 0
  }

  #remember(isLate: boolean): void {
    this.#recent = [...this.#recent, isLate].slice(-this.parameters.recentCount)
  }

  #add(time: number): void {
    this.#history.add(time)
    this.#learn()
    this.#unsaved += 1
    if (this.#unsaved >= SAVE_EVERY) this.#options.changed()
  }

  #learn(): void {
    if (!this.isLearned) return
    const { modes, quantile, closeQuantile, leastTimeout, initialTimeout } = this.parameters
    const curve = fit(this.#history.times, modes)
    if (curve === undefined) return
    const { longest } = this.#history
    const timeout = Math.max(leastTimeout, Math.min(longest, quantileOf(curve, quantile)))
    // Through a very fast guard the curve is so steep that both would be nearly the same.
    const close = Math.max(initialTimeout, Math.min(2 * longest, quantileOf(curve, closeQuantile)))
    this.#timeouts = { timeout, close: Math.max(timeout, close) }
  }
}
