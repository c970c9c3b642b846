/**
 * How long the keeper of a directory waits before it asks another server for what one did not have, by what the client lacks:
 * see leisure.ts. It is loaded with the first round.
 *
 * @module
 */
import { deferred } from '../../base/waiting/deferred.ts'
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import type { Wait } from './sources/attempts.ts'
import { leisurely, LOOKED_IN_NEED, needily, type LeisureOptions } from './sources/leisure.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'

/** How often it is looked for what is missing, in ms: each second in a network that is a test, or by a client in need. */
const SECOND = 1000
const MINUTE = 60_000

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
  /** Aborts when somebody can do nothing before the round is over. */
  hurry(): AbortSignal
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

  /**
   * What waits between servers that are asked for a consensus one after the other (C tor, `fetch_networkstatus_callback`: each
   * minute by who has one, each second in a test).
   */
  ofConsensus(signal: AbortSignal): Wait {
    const { isUsable, network, hurry } = this.#options
    const every = isUsable() && network.testing !== true ? MINUTE : SECOND
    return leisurely(this.#from, { every, inNeed: SECOND }, hurry(), signal)
  }

  /** As {@link ofConsensus}, for certificates; nothing waits where there is no directory: see certificate-store.ts. */
  ofCertificates(signal: AbortSignal): Wait | undefined {
    return this.#options.isUsable() ? this.ofConsensus(signal) : undefined
  }

  /**
   * What waits between servers that are asked for descriptions (C tor, `launch_descriptor_fetches_callback`); in need no longer than
   * until there are enough of them.
   */
  ofDescriptions(isEnough: () => Promise<boolean>, signal: AbortSignal): Wait {
    const { isUsable, isStale, hurry } = this.#options
    if (isUsable() && !isStale())
      return leisurely(this.#from, { every: MINUTE, inNeed: LOOKED_IN_NEED }, hurry(), signal)
    const from = { ...this.#from, begunAt: this.#begunAt, isAwaited: hurry().aborted }
    return needily(from, isEnough, () => this.#arrived.promise, signal)
  }

  /** From now on. */
  get #from(): LeisureOptions {
    const { clock, random } = this.#options
    return { clock, random, begunAt: monotonicTime(clock) }
  }
}
