/**
 * Circuits ahead of need: how many are kept ready, when the next is begun, and which of them have served (path-spec, "When
 * we build").
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/clock.ts'
import type { BuildTimes } from './build-times/build-times.ts'
import { idleSince, MAX_DIRTINESS, type PooledCircuit } from './pooled-circuit.ts'

/** How many circuits without a stream are kept ready. */
const SPARE_CIRCUITS = 2

/** The longest that failed spare circuits are waited with, in ms. */
const MAX_SPARE_DELAY = 60_000

/** How long after a circuit that came to nothing another spare one is begun, in ms: C tor looks once a second. */
const LAUNCH_INTERVAL = 1000

/** What is needed to keep circuits ready. */
export interface SpareCircuitsOptions {
  /** All that there are, clean or not, as they come and go. */
  readonly circuits: ReadonlySet<PooledCircuit>
  /** What is known of how long it takes to build circuits. */
  readonly times: Pick<BuildTimes, 'isLearning' | 'wantsCircuit' | 'parameters'>
  readonly clock: Clock
  /** True when no stream has asked for a circuit for long. */
  isIdle(): boolean
  /** Begins one for what circuits are usually for. */
  build(): Promise<unknown>
  /** Takes it out of the circuits and closes it. */
  drop(circuit: PooledCircuit): void
}

export class SpareCircuits {
  readonly #options: SpareCircuitsOptions
  /** Those whose path is being chosen. */
  #coming = 0
  #failed = 0
  #isClosed = false
  #stopTimer: (() => void) | undefined

  constructor(options: SpareCircuitsOptions) {
    this.#options = options
  }

  /** Keeps some circuits ready. A failure is tried again later, at longer and longer intervals. */
  replenish(): void {
    if (this.#isClosed) return
    this.#sweep()
    const { times, circuits, build } = this.#options
    const spare = [...circuits].filter(({ clean }) => clean).length
    const learns = this.#isLearning
    if (learns && spare >= SPARE_CIRCUITS && spare < times.parameters.maxOpenCircuits && times.wantsCircuit)
      build().catch(() => undefined) // the next one may tell more
    for (let missing = SPARE_CIRCUITS - spare - this.#coming; missing > 0; missing--) {
      this.#coming += 1
      build()
        .finally(() => (this.#coming -= 1))
        .catch(() => this.failed())
    }
    this.#later(learns ? times.parameters.testInterval + LAUNCH_INTERVAL : MAX_DIRTINESS)
  }

  /** A stream has a circuit: the network can be reached, and a spare one may be spare no more. */
  used(): void {
    this.#failed = 0
    this.replenish()
  }

  /** One came to nothing before anybody used it. */
  failed(): void {
    this.#failed += 1
    this.#later(Math.min(MAX_SPARE_DELAY, 1000 * 2 ** this.#failed))
  }

  /** One is too late, and only measured. Another takes its place soon. */
  late(): void {
    this.#later(LAUNCH_INTERVAL)
  }

  /** None is begun any more. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer?.()
  }

  /**
   * Whether circuits are built to learn from them, and not kept for long: by a client that is in use, until enough is known
   * (path-spec, "How much data to use"; C tor, circuit_predict_and_launch_new).
   */
  get #isLearning(): boolean {
    return this.#options.times.isLearning && !this.#options.isIdle()
  }

  #later(delay: number): void {
    if (this.#isClosed) return
    this.#stopTimer?.()
    this.#stopTimer = startBackgroundTimer(this.#options.clock, delay, () => this.replenish())
  }

  /** Circuits that take no more streams and carry none, and spare ones that have served to learn from them. */
  #sweep(): void {
    const { circuits, clock, times, drop } = this.#options
    const now = clock.now()
    const old = idleSince(circuits, now, times.parameters.learningIdleTime)
    // Beyond those that are kept ready anyway; all of them while new ones are learned from.
    const surplus = this.#isLearning ? old : old.slice(SPARE_CIRCUITS)
    const over = [...circuits].filter((circuit) => circuit.unused && circuit.expired(now))
    for (const circuit of [...over, ...surplus]) drop(circuit)
  }
}
