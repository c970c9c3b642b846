/**
 * Circuits: found for a stream, and built when there is none (path-spec, "When we build").
 *
 * @module
 */
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { Random } from '../../base/random.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { Platform } from '../../platform/platform.ts'
import { tryOften } from './build-attempts.ts'
import { BuildQueue } from './build-queue.ts'
import type { BuildTimes } from './build-times/build-times.ts'
import type { ChannelPool } from './channel-pool.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { avoidMissed, withUnreached } from './failed-extension.ts'
import { firstReady } from './first-ready.ts'
import { LostTime } from './lost-time.ts'
import type { GuardManager } from '../guards/guards.ts'
import type { LearnedPolicies } from '../paths/learned-policies.ts'
import type { ChosenPath, PathSelector } from '../paths/path-selection.ts'
import { pause } from '../../base/waiting/pause.ts'
import { PooledCircuit, type CircuitNeed, type PooledCircuitOwner, type PooledCircuitUse } from './pooled-circuit.ts'
import { bestFirst, idleTimeOf } from './prediction/circuit-choice.ts'
import { CircuitsAhead, type AheadOf, type OnionCircuitsAhead } from './prediction/circuits-ahead.ts'
import type { PredictedPorts } from './prediction/predicted-ports.ts'
import type { CircuitWatcher } from './seen-circuit.ts'

/** A client without a stream for so long, in ms, learns nothing of how long circuits take. */
const MAX_SILENCE = 1_800_000

/** How often it is looked at most whether the machine has moved, in ms: with each stream that wants a circuit, beside. */
const MOVE_INTERVAL = 1000

/** What a pool needs. */
export interface CircuitPoolOptions {
  readonly channels: ChannelPool
  /** What is known of how long it takes to build circuits. */
  readonly times: BuildTimes
  /** Which ports streams are expected to go to. */
  readonly predicted: PredictedPorts
  /** Circuits for onion services, which are begun in turn with those of the pool. */
  readonly onions: OnionCircuitsAhead
  readonly watcher: CircuitWatcher
  guards(): GuardManager
  readonly learned: LearnedPolicies
  /** The paths of the present directory; it may have to be fetched anew first. */
  paths(signal: AbortSignal | undefined): Promise<PathSelector>
  /** The guards have learned something worth keeping. */
  guardsChanged(): void
  /** The flow control that circuits shall have, by the present directory. */
  flowControl(): Pick<CircuitOptions, 'congestionControl' | 'xonXoff' | 'circuitWindow'>
  readonly clock: Clock
  readonly platform: Platform
  readonly random: Random
  /** What builds circuits, where it is another one than the network's own. */
  readonly builder?: Pick<CircuitBuilder, 'begin'> | undefined
}

export class CircuitPool implements PooledCircuitOwner {
  readonly learned: LearnedPolicies
  /** What is begun ahead of need. */
  readonly ahead: CircuitsAhead<PooledCircuit>
  readonly #options: CircuitPoolOptions
  readonly #circuits = new Set<PooledCircuit>()
  readonly #closing = new AbortController()
  readonly #builder: Pick<CircuitBuilder, 'begin'>
  readonly #queue = new BuildQueue<PooledCircuit>(({ settled }) => settled)
  #lastUse: number
  readonly #time: LostTime
  /** When it was looked last whether the machine has moved, by the clock's monotonic time. */
  #lastMoveLook = -Infinity
  #lastFailure: unknown

  constructor(options: CircuitPoolOptions) {
    this.#options = options
    this.learned = options.learned
    this.#builder = options.builder ?? new CircuitBuilder({ ...options, closing: this.#closing.signal })
    this.#lastUse = options.clock.now()
    this.#time = new LostTime(options.clock)
    this.ahead = new CircuitsAhead({
      circuits: this.#circuits,
      onions: options.onions,
      predicted: options.predicted,
      times: options.times,
      clock: options.clock,
      isIdle: () => Math.abs(this.#options.clock.now() - this.#lastUse) > MAX_SILENCE,
      looked: () => this.#noteTime(),
      build: (need) => this.#buildAhead(need, undefined),
      drop: (circuit) => void this.#drop(circuit),
    })
  }

  /** What the last try that failed came to, for whoever waits in vain. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /**
   * A circuit that suits the need, open, with the stream counted as its own. Where circuits are only too late the search lasts as
   * long as it is wanted: the stream has a limit of its own.
   *
   * @throws TorError `NO_PATH`, `ABORTED`, `CIRCUIT_CLOSED` once the client is closed, or what befell the last of
   * several builds
   */
  async acquire(need: CircuitNeed, signal?: AbortSignal): Promise<PooledCircuit> {
    this.#noteUse(need)
    const attempt = async (avoided: Set<string>): Promise<PooledCircuit> => {
      const found = this.#claim(need, avoided) ?? (await this.#buildAndClaim(need, avoided, signal))
      return firstReady(found, {
        patience: () => this.#options.times.patience,
        pause: (delay, enough) => this.#pause(delay, signal, enough),
        another: (pending) => this.#buildAndClaim(need, withUnreached(avoided, pending), signal),
        passedOver: (passed, failure) => {
          this.#passedOver(avoided, passed, failure)
          passed.waive()
        },
      })
    }
    const circuit = await this.#tryOften(signal, attempt, Infinity)
    circuit.use()
    this.ahead.changed()
    return circuit
  }

  /** Begins to keep circuits ready. Resolves when one is open; rejects when none could be built. */
  async warmUp(signal: AbortSignal): Promise<void> {
    const started = this.#tryOften(signal, async (avoided) => {
      const spare = this.#cleanOne(avoided) ?? (await this.#buildUsual(signal, avoided))
      await firstReady(spare, {
        patience: () => this.#options.times.patience,
        pause: (delay, enough) => this.#pause(delay, signal, enough),
        another: (pending) => {
          const unreached = withUnreached(avoided, pending)
          const found = this.#cleanOne(unreached, pending)
          return found === undefined ? this.#buildUsual(signal, unreached) : Promise.resolve(found)
        },
        passedOver: (passed, failure) => this.#passedOver(avoided, passed, failure),
      })
    })
    this.ahead.start()
    await started
  }

  /** Closes every circuit. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#queue.close(clientClosed())
    this.ahead.close()
    await Promise.all([...this.#circuits].map((circuit) => this.#drop(circuit)))
  }

  now(): number {
    return this.#options.clock.now()
  }

  retired(circuit: PooledCircuit): void {
    this.#options.watcher.retired(circuit)
  }

  /**
   * No circuit that has carried a stream takes another one, and those that carry none are closed. One that is still
   * clean has nothing to do with what was before, and whoever has a circuit keeps it.
   */
  renew(): void {
    this.#spoil(({ clean }) => !clean)
  }

  #tryOften<T>(
    signal: AbortSignal | undefined,
    attempt: (avoided: Set<string>) => Promise<T>,
    patience?: number,
  ): Promise<T> {
    const failed = (error: TorError): void => void (this.#lastFailure = error)
    const { clock } = this.#options
    return tryOften({ attempt, failed, pause: (delay) => this.#pause(delay, signal), clock, patience })
  }

  #passedOver(avoided: Set<string>, circuit: PooledCircuit, failure: unknown): void {
    if (failure !== undefined) this.#lastFailure = failure
    avoidMissed(avoided, circuit, failure)
  }

  /**
   * The circuit for a need, if there is one, with the stream as its own: one of the same isolation first, then a clean
   * one (C tor, circuit_get_best).
   */
  #claim(need: CircuitNeed, avoided: ReadonlySet<string>): PooledCircuit | undefined {
    const now = this.#options.clock.now()
    const suitable = [...this.#circuits].filter((circuit) => circuit.suits(need, now) && !circuit.isToReach(avoided))
    const [found] = suitable.sort(bestFirst)
    // Nobody else must come in between: a circuit is anybody's until its first stream.
    found?.claim(need, now)
    return found
  }

  /** One that nobody has yet, of others than these. */
  #cleanOne(avoided: ReadonlySet<string>, others: readonly PooledCircuit[] = []): PooledCircuit | undefined {
    return [...this.#circuits].find(
      (circuit) => circuit.clean && !others.includes(circuit) && !circuit.isToReach(avoided),
    )
  }

  async #buildAndClaim(
    need: CircuitNeed,
    avoided: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): Promise<PooledCircuit> {
    return this.#queue.build({
      isolation: need.isolation,
      signal,
      prepare: () => this.#options.paths(signal),
      find: () => this.#claim(need, avoided),
      begin: (paths) => {
        const begun = this.#begin(paths.choosePath({ ...need, avoided }), { requirements: need })
        begun.claim(need, this.#options.clock.now())
        return begun
      },
    })
  }

  /** One for what is expected. */
  #buildUsual(signal: AbortSignal | undefined, avoided?: ReadonlySet<string>): Promise<PooledCircuit> {
    return this.#buildAhead({ ports: this.#options.predicted.all, stable: false }, signal, avoided)
  }

  async #buildAhead(
    { ports, stable }: AheadOf,
    signal: AbortSignal | undefined,
    avoided?: ReadonlySet<string>,
  ): Promise<PooledCircuit> {
    const lets = ({ exitPolicy }: DirectoryRelay): boolean => ports.some((port) => exitPolicy.allows(port))
    return this.#queue.build({
      isolation: undefined,
      signal,
      prepare: () => this.#options.paths(signal),
      find: () => undefined,
      begin: (paths) => {
        const usual = { requirements: { ports: [] }, stable }
        const exit = ports.length === 0 ? undefined : lets
        try {
          return this.#begin(paths.choosePath({ ports: [], exit, stable, avoided }), usual)
        } catch (error) {
          // No exit lets out any of them: then any exit, and they are not expected any more.
          if (exit === undefined || !(error instanceof TorError && error.code === 'NO_PATH')) throw error
          this.#options.predicted.forget(ports)
          return this.#begin(paths.choosePath({ ports: [], stable, avoided }), usual)
        }
      },
    })
  }

  /**
   * Begins to build along a path. The circuit is in the pool at once, so that streams that suit it can wait for it
   * together.
   */
  #begin(path: ChosenPath, use: Pick<PooledCircuitUse, 'requirements' | 'stable'>): PooledCircuit {
    const { times, predicted, clock, random } = this.#options
    const tryBetter = (): void => void this.#buildUsual(undefined).catch(() => undefined) // then this one it is
    const begun = this.#builder.begin(path, this.#options.flowControl(), { tryBetter })
    const idleTime = idleTimeOf(times, predicted, random)
    const pooled = new PooledCircuit(begun, path.relays, { ...use, begunAt: clock.now(), idleTime }, this)
    this.#circuits.add(pooled)
    this.#options.watcher.begun(pooled)
    const gone = (): void => {
      if (!this.#circuits.delete(pooled)) return
      if (pooled.isOpen) this.ahead.changed()
      else this.ahead.failed()
    }
    begun.circuit.closed.then(gone, gone)
    begun.circuit.opened.then(() => this.ahead.opened()).catch(() => undefined) // it is gone, then
    begun.ready.catch(() => {
      if (begun.isLate()) this.#late(pooled)
    })
    return pooled
  }

  /** It is only measured from now on. */
  #late(circuit: PooledCircuit): void {
    circuit.spoil()
    if (this.#circuits.delete(circuit)) this.ahead.changed()
  }

  /**
   * Looks at the time, and where the machine is, every half a minute as long as there are circuits: where time was lost nothing is taken
   * to be alive, and where an address was lost no link from there.
   */
  #noteTime(): void {
    const { channels, clock, guards } = this.#options
    const monotonic = monotonicTime(clock)
    if (Math.abs(monotonic - this.#lastMoveLook) >= MOVE_INTERVAL) {
      this.#lastMoveLook = monotonic
      for (const fingerprint of channels.retireStranded()) this.#forget(fingerprint)
    }
    if (!this.#time.look()) return
    this.#forget()
    guards().retryAll()
  }

  #noteUse({ ports }: CircuitNeed): void {
    this.#noteTime()
    this.#lastUse = this.#options.clock.now()
    for (const port of ports) this.#options.predicted.used(port)
    if (ports.length === 0) this.#options.predicted.used()
    this.ahead.changed()
  }

  /**
   * What comes next gets new circuits over a new link; through this guard, or any. The streams that there are go on.
   */
  #forget(fingerprint?: string): void {
    const { channels } = this.#options
    this.#spoil(({ guard }) => fingerprint === undefined || guard.fingerprint === fingerprint)
    if (fingerprint === undefined) channels.retireAll()
    else channels.retire(fingerprint)
  }

  #spoil(which: (circuit: PooledCircuit) => boolean): void {
    for (const circuit of [...this.#circuits].filter(which)) {
      circuit.spoil()
      if (circuit.unused) void this.#drop(circuit)
    }
  }

  async #drop(circuit: PooledCircuit): Promise<void> {
    this.#circuits.delete(circuit)
    await circuit.circuit.close().catch(() => undefined) // it broke before: whoever used it has been told
  }

  /** @param enough - aborts when it need not be waited any longer */
  async #pause(delay: number, signal: AbortSignal | undefined, enough?: AbortSignal): Promise<void> {
    const signals = [signal, enough].filter((each) => each !== undefined)
    try {
      await pause(this.#options.clock, delay, [this.#closing.signal, ...signals])
    } catch (error) {
      throw this.#closing.signal.aborted ? clientClosed() : error
    }
  }
}

const clientClosed = (): TorError => new TorError('CIRCUIT_CLOSED', 'the client is closed')
