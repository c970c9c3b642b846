/**
 * Circuits of three hops that are kept ready for onion services (C tor's `HS_VANGUARDS` circuits, and its prediction of
 * internal ones): each is used once, either as it is, to meet a service at its last relay, or with one relay more behind it
 * that somebody else has chosen. So three round trips are spared, thrice where a service is met for the first time.
 *
 * @module
 */
import { monotonicTime, startBackgroundTimer, type Clock } from '../../base/clock.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { Random } from '../../base/random.ts'

/** How many are kept (C tor's `SUFFICIENT_INTERNAL_HS_CLIENTS`, and `…_HS_SERVERS`). */
const READY = 3

/** For how long after the last use further ones are built, in ms. */
const EXPECTED_FOR = 3_600_000

/** How long one is kept that nobody needs, in ms: from this to twice as long (C tor's `CircuitsAvailableTimeout`). */
const LEAST_LIFETIME = 1_800_000

/**
 * How long after a use, or after another one was begun, the next is begun, in ms, whether that one is there yet or not (C
 * tor's `circuit_predict_and_launch_new`, once a second); and after failures in a row, at most.
 */
const INTERVAL = 1000
const MAX_INTERVAL = 60_000

/** A circuit of three hops. */
export interface Stem {
  readonly circuit: Circuit
  readonly relays: readonly DirectoryRelay[]
  /** What those who watch the client know it as. */
  readonly seen: object
}

/** What they need. */
export interface StemsOptions {
  /** One whose last relay clients and services can meet at. */
  build(signal: AbortSignal): Promise<Stem>
  readonly clock: Clock
  readonly random: Random
  /** Aborts when the client closes. */
  readonly closing: AbortSignal
}

export class Stems {
  readonly #options: StemsOptions
  /** Each with what stops its time. */
  readonly #ready = new Map<Stem, () => void>()
  /** Until when they are expected to be of use, by the clock's monotonic time. */
  #expectedUntil = -Infinity
  /** Ends what is under way, and begins anew with {@link forget}. */
  #end = new AbortController()
  /** How many are being built. */
  #coming = 0
  #failures = 0
  #stopTimer: (() => void) | undefined

  constructor(options: StemsOptions) {
    this.#options = options
    options.closing.addEventListener('abort', () => this.forget(), { once: true })
  }

  /** How many are ready. */
  get size(): number {
    return this.#ready.size
  }

  /**
   * One that is ready, which is the caller's from now on; undefined when there is none that fits. More are kept ready from
   * now on: after a time without any the first is begun at once, as who meets a service needs three.
   *
   * @param end - the fingerprint of the relay that is to follow; the two before it are others
   */
  take(end?: string): Stem | undefined {
    const now = monotonicTime(this.#options.clock)
    const isFirst = now >= this.#expectedUntil
    this.#expectedUntil = now + EXPECTED_FOR
    for (const [stem, keep] of this.#ready) {
      if (stem.relays.slice(1).some(({ fingerprint }) => fingerprint === end)) continue
      keep()
      this.#ready.delete(stem)
      this.#plan()
      return stem
    }
    if (isFirst) this.#begin()
    else this.#plan()
    return undefined
  }

  /** None of those that there are is used. */
  forget(): void {
    this.#end.abort()
    this.#end = new AbortController()
    this.#coming = 0
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#expectedUntil = -Infinity
    for (const stem of [...this.#ready.keys()]) this.#drop(stem)
  }

  #plan(): void {
    const { clock } = this.#options
    if (this.#stopTimer !== undefined || this.#isEnough || monotonicTime(clock) >= this.#expectedUntil) return
    const delay = Math.min(MAX_INTERVAL, INTERVAL * 2 ** this.#failures)
    this.#stopTimer = startBackgroundTimer(clock, delay, () => this.#begin())
  }

  get #isEnough(): boolean {
    return this.#options.closing.aborted || this.#ready.size + this.#coming >= READY
  }

  #begin(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    if (this.#isEnough) return
    const { signal } = this.#end
    this.#coming += 1
    this.#options.build(signal).then(
      (stem) => {
        if (signal.aborted) return void stem.circuit.close().catch(() => undefined) // nobody wants it
        this.#coming -= 1
        this.#failures = 0
        this.#keep(stem)
      },
      () => {
        if (signal.aborted) return
        this.#coming -= 1
        this.#failures = Math.min(this.#failures + 1, 10)
        this.#plan()
      },
    )
    this.#plan()
  }

  #keep(stem: Stem): void {
    const { clock, random } = this.#options
    const lifetime = LEAST_LIFETIME + random(LEAST_LIFETIME)
    const stop = startBackgroundTimer(clock, lifetime, () => {
      this.#drop(stem)
      this.#plan()
    })
    this.#ready.set(stem, stop)
    const gone = (): void => {
      stop()
      if (this.#ready.delete(stem)) this.#plan()
    }
    stem.circuit.closed.then(gone, gone)
  }

  #drop(stem: Stem): void {
    this.#ready.get(stem)?.()
    this.#ready.delete(stem)
    void stem.circuit.close().catch(() => undefined) // it is not used anyway
  }
}
