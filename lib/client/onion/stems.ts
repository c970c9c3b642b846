/**
 * Circuits of three hops that are kept ready for onion services (C tor's `HS_VANGUARDS` circuits): each is used once, either
 * as it is, to meet a service at its last relay, or with one relay more behind it that somebody else has chosen. So three round
 * trips are spared, thrice where a service is met for the first time.
 *
 * How many there are, and when one is begun, circuits-ahead.ts says: a client has some in its first half hour, as C tor's
 * has, whether or not it ever has to do with an onion service.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { OnionCircuitsAhead } from '../circuits/prediction/circuits-ahead.ts'
import type { PredictedPorts } from '../circuits/prediction/predicted-ports.ts'

/** A circuit of three hops. */
export interface Stem {
  readonly circuit: Circuit
  readonly relays: readonly DirectoryRelay[]
  /** What those who watch the client know it as. */
  readonly seen: object
}

/** One that is being built. */
export interface BegunStem extends Stem {
  /** Resolves when it may be used. Otherwise it is closed, or is about to be. A rejection counts as handled. */
  readonly ready: Promise<void>
}

/** How long it is until another try when none could even be begun, in ms: at least, and at most. */
const INTERVAL = 1000
const MAX_INTERVAL = 60_000

/** What they need. */
export interface StemsOptions {
  /** Begins one whose last relay clients and services can meet at. */
  begin(signal: AbortSignal): Promise<BegunStem>
  readonly predicted: Pick<PredictedPorts, 'usedOnions' | 'expectsOnions'>
  /** How long one that is begun now is kept if nobody needs it, in ms. */
  idleTime(): number
  readonly clock: Clock
  /** Aborts when the client closes. */
  readonly closing: AbortSignal
  /** There is one more, or one fewer. */
  changed(): void
  /** One could not be built. */
  failed(): void
}

/** Until when one is kept. */
interface Keeping {
  readonly begunAt: number
  readonly idleTime: number
}

export class Stems implements OnionCircuitsAhead {
  readonly #options: StemsOptions
  readonly #ready = new Map<Stem, Keeping>()
  /** Ends what is under way, and begins anew with {@link forget}. */
  #end = new AbortController()
  /** How many are being built. */
  #coming = 0
  /** How many could not even be begun, in a row; what stops the wait that follows. */
  #refused = 0
  #stopTimer: (() => void) | undefined
  /** How many services this client has. */
  #services = 0

  constructor(options: StemsOptions) {
    this.#options = options
    options.closing.addEventListener('abort', () => this.forget(), { once: true })
  }

  get size(): number {
    return this.#ready.size + this.#coming
  }

  /** As long as there is a service, and for some time after each use. */
  get areExpected(): boolean {
    const { closing, predicted } = this.#options
    if (closing.aborted || this.#stopTimer !== undefined) return false
    // A service will be visited: whoever looks for circuits finds that some are needed (C tor, needs_hs_server_circuits).
    if (this.#services > 0) predicted.usedOnions()
    return predicted.expectsOnions
  }

  /** There is a service until `over` settles. */
  serving(over: Promise<unknown>): void {
    this.#services += 1
    const end = (): void => {
      this.#services -= 1
    }
    over.then(end, end)
    this.#options.changed()
  }

  /**
   * One that is ready, which is the caller's from now on; undefined when there is none that fits. Where there are none the next
   * is begun at once: who meets a service needs three.
   *
   * @param end - the fingerprint of the relay that is to follow; the two before it are others
   */
  take(end?: string): Stem | undefined {
    this.#options.predicted.usedOnions()
    const fits = ({ relays }: Stem): boolean => relays.slice(1).every(({ fingerprint }) => fingerprint !== end)
    const found = [...this.#ready.keys()].find(fits)
    if (found !== undefined) this.#ready.delete(found)
    else if (this.size === 0) void this.build()
    this.#options.changed()
    return found
  }

  /** Begins one. Resolves when it is being built, or could not be begun. */
  async build(): Promise<void> {
    const { signal } = this.#end
    this.#coming += 1
    const gone = (): void => {
      if (!signal.aborted) this.#coming -= 1
    }
    const { clock, begin, idleTime } = this.#options
    const keeping = { begunAt: clock.now(), idleTime: idleTime() }
    let stem: BegunStem
    try {
      stem = await begin(signal)
    } catch {
      // No relay fits, or there is no directory. Circuits for streams do not wait for that.
      gone()
      if (!signal.aborted) this.#wait()
      return
    }
    this.#refused = 0
    stem.ready.then(
      () => {
        if (signal.aborted) return closeQuietly(stem)
        gone()
        this.#keep(stem, keeping)
      },
      () => {
        gone()
        if (!signal.aborted) this.#options.failed()
      },
    )
  }

  sweep(): void {
    const now = this.#options.clock.now()
    for (const [stem, { begunAt, idleTime }] of [...this.#ready])
      if (Math.abs(now - begunAt) > idleTime) this.#drop(stem)
  }

  /** None of those that there are is used. */
  forget(): void {
    this.#end.abort()
    this.#end = new AbortController()
    this.#coming = 0
    this.#goOn()
    for (const stem of [...this.#ready.keys()]) this.#drop(stem)
    this.#options.changed()
  }

  #wait(): void {
    this.#stopTimer?.()
    const delay = Math.min(MAX_INTERVAL, INTERVAL * 2 ** this.#refused++)
    this.#stopTimer = startBackgroundTimer(this.#options.clock, delay, () => {
      this.#goOn()
      this.#options.changed()
    })
  }

  #goOn(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #keep(stem: Stem, keeping: Keeping): void {
    this.#ready.set(stem, keeping)
    const gone = (): void => {
      if (this.#ready.delete(stem)) this.#options.changed()
    }
    stem.circuit.closed.then(gone, gone)
    this.#options.changed()
  }

  #drop(stem: Stem): void {
    this.#ready.delete(stem)
    closeQuietly(stem)
  }
}

function closeQuietly({ circuit }: Stem): void {
  void circuit.close().catch(() => undefined) // it is not used anyway
}
