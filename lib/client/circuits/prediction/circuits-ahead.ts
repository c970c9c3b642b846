/**
 * Circuits ahead of need, by C tor's rules (path-spec, "Clients build circuits in advance"; C tor,
 * circuit_predict_and_launch_new and circuit_expire_old_circuits_clientside): for each port that streams are expected to
 * go to some that nobody has yet, and some for onion services, one begun a second; and what has been of no use for long is
 * closed.
 *
 * C tor looks once a second, always. Here it is looked at the same seconds, but only where there may be something to do:
 * whatever changes costs one look at most, however many streams there are in that second.
 *
 * @module
 */
import { monotonicTime, startBackgroundTimer, type Clock } from '../../../base/waiting/clock.ts'
import { LONG_LIVED_PORTS } from '../../paths/exit-choice.ts'
import type { BuildTimes } from '../build-times/build-times.ts'
import type { ReadyCircuit } from './circuit-choice.ts'
import type { PredictedPorts } from './predicted-ports.ts'

/** How many circuits that nobody has yet are wanted for each port (`MIN_CIRCUITS_HANDLING_STREAM`). */
const CIRCUITS_FOR_PORT = 2

/** How many are wanted for onion services (`SUFFICIENT_INTERNAL_HS_CLIENTS`, and `…_HS_SERVERS`). */
const CIRCUITS_FOR_ONIONS = 3

/** With so many that have no stream none is begun (`MAX_UNUSED_OPEN_CIRCUITS`). */
const MOST_CLEAN = 14

/** How often it is looked whether one is to be begun, in ms. */
const LAUNCH_INTERVAL = 1000

/** How often it is looked whether some are to be closed, in ms: C tor's `NewCircuitPeriod`, and the next second. */
const SWEEP_INTERVAL = 31_000

/** When more than this fail from one look to the next, no more than this are begun until the one after that. */
const MOST_FAILURES = 5

/** The longest wait when none could even be begun, in ms: without a directory, or a guard. */
const MAX_DELAY = 60_000

/** What a circuit is built ahead for. */
export interface AheadOf {
  /** Its exit lets streams out to one of these at least; to any port, where there are none. */
  readonly ports: readonly number[]
  /** Its relays are to be Stable. */
  readonly stable: boolean
}

/** Circuits for onion services, which have no exit and are kept elsewhere. */
export interface OnionCircuitsAhead {
  /** How many nobody has yet, open or being built. */
  readonly size: number
  /** True when some are wanted. */
  readonly areExpected: boolean
  /** Begins one. Rejects when it is none that can be begun: others wait for longer then, too. */
  build(): Promise<unknown>
  /** Closes those that nobody wanted in time. */
  sweep(): void
}

/** What is needed to keep circuits ready. */
export interface CircuitsAheadOptions<C extends ReadyCircuit> {
  /** All that there are, clean or not, as they come and go. */
  readonly circuits: ReadonlySet<C>
  readonly onions: OnionCircuitsAhead
  readonly predicted: Pick<PredictedPorts, 'all'>
  /** What is known of how long it takes to build circuits. */
  readonly times: Pick<BuildTimes, 'isLearning' | 'wantsCircuit' | 'parameters'>
  readonly clock: Clock
  /** True when no stream has asked for a circuit for long. */
  isIdle(): boolean
  /** It is looked whether some are to be closed: every half a minute as long as there are some. */
  looked?(): void
  build(need: AheadOf): Promise<unknown>
  /** Takes it out of the circuits and closes it. */
  drop(circuit: C): void
}

export class CircuitsAhead<C extends ReadyCircuit> {
  readonly #options: CircuitsAheadOptions<C>
  readonly #begunAt: number
  /** True while the path of one is being chosen. */
  #isComing = false
  #isStarted = false
  #isClosed = false
  /** When it is looked next whether some are to be closed, by the clock's monotonic time. */
  #nextSweep: number
  /** When the next may be begun, by the clock's monotonic time. */
  #nextLaunch = 0
  /** How many could not even be begun, in a row. */
  #refused = 0
  /** How many failed since the last sweep, and whether many did before. */
  #failures = 0
  #didFail = false
  /** When it is looked next, by the clock's monotonic time; Infinity while there is nothing to do. */
  #nextLook = Infinity
  #stopTimer: (() => void) | undefined

  constructor(options: CircuitsAheadOptions<C>) {
    this.#options = options
    this.#begunAt = monotonicTime(options.clock)
    this.#nextSweep = this.#begunAt + SWEEP_INTERVAL
  }

  /** From now on circuits are begun, behind one that is begun just now. */
  start(): void {
    this.#isStarted = true
    this.#nextLaunch = monotonicTime(this.#options.clock) + LAUNCH_INTERVAL
    this.#plan()
  }

  /** What there is, or is expected, has changed: the next second sees to it. */
  changed(): void {
    if (!this.#isStarted) return
    const next = this.#secondFrom(monotonicTime(this.#options.clock) + 1)
    if (next < this.#nextLook) this.#lookAt(next)
  }

  /** A circuit is open: the network can be reached. */
  opened(): void {
    this.#failures = 0
    this.#didFail = false
  }

  /** One could not be built. */
  failed(): void {
    this.#failures += 1
    this.changed()
  }

  /** None is begun any more. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer?.()
  }

  /**
   * What circuits are to be begun for, if one is: ports for which there are too few, onion services, or what tells of build
   * times.
   */
  get #missing(): AheadOf | 'onions' | undefined {
    const { circuits, onions, predicted, times, clock } = this.#options
    const clean = [...circuits].filter(({ clean: isClean }) => isClean).length + onions.size
    if (clean >= MOST_CLEAN) return undefined
    const now = clock.now()
    const handling = (port: number): number => [...circuits].filter((circuit) => circuit.isReadyFor(port, now)).length
    const ports = predicted.all.filter((port) => handling(port) < CIRCUITS_FOR_PORT)
    if (ports.length > 0) return { ports, stable: ports.some((port) => LONG_LIVED_PORTS.has(port)) }
    if (onions.size < CIRCUITS_FOR_ONIONS && onions.areExpected) return 'onions'
    const learns = this.#isLearning && clean < times.parameters.maxOpenCircuits && times.wantsCircuit
    return learns ? { ports: [], stable: false } : undefined
  }

  /**
   * Whether circuits are built to learn from them: by a client that is in use, until enough is known (path-spec, "How much
   * data to use").
   */
  get #isLearning(): boolean {
    return this.#options.times.isLearning && !this.#options.isIdle()
  }

  get #isHeldUp(): boolean {
    return this.#didFail && this.#failures > MOST_FAILURES
  }

  /** Closes what is to be closed, and begins what is to be begun. */
  #look(): void {
    this.#nextLook = Infinity
    const now = monotonicTime(this.#options.clock)
    if (now >= this.#nextSweep) this.#sweep(now)
    const missing = this.#isComing || this.#isHeldUp || now < this.#nextLaunch ? undefined : this.#missing
    if (missing !== undefined) this.#launch(missing, now)
    this.#plan()
  }

  #launch(missing: AheadOf | 'onions', now: number): void {
    this.#isComing = true
    this.#nextLaunch = now + LAUNCH_INTERVAL
    const { onions, build } = this.#options
    const done = (isRefused: boolean): void => {
      this.#isComing = false
      this.#refused = isRefused ? this.#refused + 1 : 0
      if (isRefused) this.#nextLaunch = now + Math.min(MAX_DELAY, LAUNCH_INTERVAL * 2 ** this.#refused)
      this.changed()
    }
    const begun = missing === 'onions' ? onions.build() : build(missing)
    begun.then(
      () => done(false),
      () => done(true),
    )
  }

  /** Looks again at the next second at which there may be something to do. */
  #plan(): void {
    const { circuits, onions, clock, times } = this.#options
    const now = monotonicTime(clock)
    const moments: number[] = []
    if (circuits.size > 0 || onions.size > 0 || this.#isHeldUp) moments.push(Math.max(now + 1, this.#nextSweep))
    if (!this.#isComing && !this.#isHeldUp) {
      if (this.#missing !== undefined) moments.push(Math.max(now + 1, this.#nextLaunch))
      else if (this.#isLearning) moments.push(now + times.parameters.testInterval + LAUNCH_INTERVAL)
    }
    this.#lookAt(this.#secondFrom(Math.min(...moments)))
  }

  /** At this moment or later, and at one of the seconds that began with the client: so nothing is to be read off it. */
  #secondFrom(moment: number): number {
    return Math.ceil((moment - this.#begunAt) / LAUNCH_INTERVAL) * LAUNCH_INTERVAL + this.#begunAt
  }

  #lookAt(next: number): void {
    this.#nextLook = next
    this.#stopTimer?.()
    this.#stopTimer = undefined
    if (next === Infinity || this.#isClosed) return
    const { clock } = this.#options
    const delay = Math.max(1, Math.ceil(next - monotonicTime(clock)))
    this.#stopTimer = startBackgroundTimer(clock, delay, () => this.#look())
  }

  /** Circuits that take no more streams and carry none, and those that nobody wanted in time. */
  #sweep(time: number): void {
    const past = Math.floor((time - this.#nextSweep) / SWEEP_INTERVAL)
    this.#nextSweep += (past + 1) * SWEEP_INTERVAL
    this.#didFail = this.#failures > MOST_FAILURES
    this.#failures = 0
    this.#options.looked?.()
    const { circuits, onions, clock, drop } = this.#options
    onions.sweep()
    const now = clock.now()
    for (const circuit of [...circuits]) if (circuit.isDone(now)) drop(circuit)
  }
}
