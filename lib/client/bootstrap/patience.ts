/**
 * How long the keeper of a directory waits before it asks another server for what one did not have, by what the client lacks:
 * see leisure.ts. Who waits for it is told. It is loaded with the first round.
 *
 * @module
 */
import { deferred } from '../../base/waiting/deferred.ts'
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import { leisurely, needily, type LeisureOptions } from './sources/leisure.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { ClientPhase } from './status.ts'

/** How often it is looked for what is missing, in ms: the first where the network is a test, or a client in need. */
const SECOND = 1000
const MINUTE = 60_000

/** Waits; false when nobody else is to be asked. */
export type Wait = () => Promise<boolean | void>

/** What it needs. */
export interface PatienceOptions {
  readonly clock: Clock
  /** From 0 up to and without 1. */
  random(): number
  readonly network: Pick<NetworkConfig, 'testing'>
  /** The client has a directory that circuits are built by. */
  isUsable(): boolean
  /** That one holds no longer. */
  isStale(): boolean
  /** Nobody is told of progress. */
  isQuiet(): boolean
  /** What was told of it last. */
  told(): readonly [phase: ClientPhase, done: number]
  /** Aborts when somebody can do nothing before the round is over. */
  hurry(): AbortSignal
  progress(phase: ClientPhase, done: number, wait?: number): void
}

export class Patience {
  readonly #options: PatienceOptions
  /** When the client began, by the clock's monotonic time. */
  readonly #begunAt: number
  #arrived = deferred<void>()

  constructor(options: PatienceOptions) {
    this.#options = options
    this.#begunAt = monotonicTime(options.clock)
  }

  /** Some of the descriptions have come. */
  arrived(): void {
    this.#arrived.resolve()
    this.#arrived = deferred()
  }

  /** Nobody is asked for so long, in ms; undefined when somebody is again. */
  readonly waits = (wait: number | undefined): void => {
    if (!this.#options.isQuiet()) this.#options.progress(...this.#options.told(), wait)
  }

  /** What waits between servers that are asked for a consensus, one after the other. */
  ofConsensus(signal: AbortSignal): Wait {
    const { isUsable, hurry } = this.#options
    return isUsable() ? leisurely(this.#from, this.#every, signal, hurry()) : leisurely(this.#from, SECOND, signal)
  }

  /** What waits between servers that are asked for certificates. */
  ofCertificates(signal: AbortSignal): Wait {
    return leisurely(this.#from, this.#every, signal)
  }

  /** What waits between servers that are asked for descriptions; in need no longer than until there are enough of them. */
  ofDescriptions(isEnough: () => Promise<boolean>, signal: AbortSignal): Wait {
    const { isUsable, isStale, hurry } = this.#options
    if (isUsable() && !isStale()) return leisurely(this.#from, MINUTE, signal, hurry())
    return needily({ ...this.#from, begunAt: this.#begunAt }, isEnough, () => this.#arrived.promise, signal)
  }

  /** From now on. */
  get #from(): LeisureOptions {
    const { clock, random, isQuiet } = this.#options
    return { clock, random, waits: this.waits, isAwaited: !isQuiet(), begunAt: monotonicTime(clock) }
  }

  get #every(): number {
    return this.#options.network.testing === true ? SECOND : MINUTE
  }
}
