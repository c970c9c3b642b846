/**
 * Circuits: found for a stream, and built when there is none (path-spec, "When we build").
 *
 * @module
 */
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import type { Clock } from '../../base/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { tryOften } from './build-attempts.ts'
import { BuildQueue } from './build-queue.ts'
import type { BuildTimes } from './build-times/build-times.ts'
import type { ChannelPool } from './channel-pool.ts'
import type { ExitRequirements } from '../paths/exit-choice.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { avoidMissed, withUnreached } from './failed-extension.ts'
import { firstReady } from './first-ready.ts'
import type { GuardManager } from '../guards/guards.ts'
import type { LearnedPolicies } from '../paths/learned-policies.ts'
import type { ChosenPath, PathSelector } from '../paths/path-selection.ts'
import { pause } from '../../base/pause.ts'
import { PooledCircuit, type CircuitNeed, type PooledCircuitOwner } from './pooled-circuit.ts'
import type { CircuitWatcher } from './seen-circuit.ts'
import { SpareCircuits } from './spare-circuits.ts'

/** What circuits are built ahead for. */
const USUAL_REQUIREMENTS: ExitRequirements = { ports: [443, 80] }

/** Without a sign of life for so long, in ms, the links may be dead: a laptop slept, the network changed. */
const MAX_SILENCE = 1_800_000

/** When so many circuits in a row on one channel left a stream without an answer, the channel may be dead. */
const MAX_SILENT_CIRCUITS = 2

/** What a pool needs. */
export interface CircuitPoolOptions {
  readonly channels: ChannelPool
  /** What is known of how long it takes to build circuits. */
  readonly times: BuildTimes
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
  /** What builds circuits, where it is another one than the network's own. */
  readonly builder?: Pick<CircuitBuilder, 'begin'> | undefined
}

export class CircuitPool implements PooledCircuitOwner {
  readonly learned: LearnedPolicies
  readonly #options: CircuitPoolOptions
  readonly #circuits = new Set<PooledCircuit>()
  readonly #closing = new AbortController()
  readonly #builder: Pick<CircuitBuilder, 'begin'>
  readonly #queue = new BuildQueue<PooledCircuit>(({ settled }) => settled)
  /** By the guard's fingerprint: how many circuits in a row left a stream without an answer. */
  readonly #silent = new Map<string, number>()
  readonly #spares: SpareCircuits
  #lastUse: number
  #lastFailure: unknown

  constructor(options: CircuitPoolOptions) {
    this.#options = options
    this.learned = options.learned
    this.#builder = options.builder ?? new CircuitBuilder({ ...options, closing: this.#closing.signal })
    this.#lastUse = options.clock.now()
    this.#spares = new SpareCircuits({
      circuits: this.#circuits,
      times: options.times,
      clock: options.clock,
      isIdle: () => this.#isSilent,
      build: () => this.#buildSpare(undefined),
      drop: (circuit) => void this.#drop(circuit),
    })
  }

  /** What the last try that failed came to, for whoever waits in vain. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /**
   * A circuit that suits the need, open, with the stream counted as its own.
   *
   * @throws TorError `NO_PATH`, `ABORTED`, `CIRCUIT_CLOSED` once the client is closed, or what befell the last of
   * several builds
   */
  async acquire(need: CircuitNeed, signal?: AbortSignal): Promise<PooledCircuit> {
    this.#noteUse()
    const circuit = await this.#tryOften(signal, async (avoided) => {
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
    })
    circuit.use()
    this.#spares.used()
    return circuit
  }

  /** Builds the circuits that are kept ready. Resolves when one is open; rejects when none could be built. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#tryOften(signal, async (avoided) => {
      const found = [...this.#circuits].find((circuit) => circuit.clean && !circuit.isToReach(avoided))
      const spare = found ?? (await this.#buildSpare(signal, avoided))
      await firstReady(spare, {
        patience: () => this.#options.times.patience,
        pause: (delay, enough) => this.#pause(delay, signal, enough),
        another: (pending) => this.#buildSpare(signal, withUnreached(avoided, pending)),
        passedOver: (passed, failure) => this.#passedOver(avoided, passed, failure),
      })
    })
    this.#spares.replenish()
  }

  /** Closes every circuit. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#queue.close(clientClosed())
    this.#spares.close()
    await Promise.all([...this.#circuits].map((circuit) => this.#drop(circuit)))
  }

  idle(circuit: PooledCircuit): void {
    // One that is too late is not ours any more, and is measured.
    if (this.#circuits.has(circuit) && circuit.expired(this.#options.clock.now())) void this.#drop(circuit)
  }

  silent({ guard: { fingerprint } }: PooledCircuit): void {
    const count = (this.#silent.get(fingerprint) ?? 0) + 1
    this.#silent.set(fingerprint, count)
    if (count >= MAX_SILENT_CIRCUITS) this.#forget(fingerprint)
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

  #tryOften<T>(signal: AbortSignal | undefined, attempt: (avoided: Set<string>) => Promise<T>): Promise<T> {
    const failed = (error: TorError): void => void (this.#lastFailure = error)
    return tryOften({ attempt, failed, pause: (delay) => this.#pause(delay, signal), clock: this.#options.clock })
  }

  #passedOver(avoided: Set<string>, circuit: PooledCircuit, failure: unknown): void {
    if (failure !== undefined) this.#lastFailure = failure
    avoidMissed(avoided, circuit, failure)
  }

  /**
   * The circuit for a need, if there is one, with the stream as its own: one of the same isolation first, then a clean
   * one.
   */
  #claim(need: CircuitNeed, avoided: ReadonlySet<string>): PooledCircuit | undefined {
    const now = this.#options.clock.now()
    const suitable = [...this.#circuits].filter((circuit) => circuit.suits(need, now) && !circuit.isToReach(avoided))
    const found = suitable.find(({ clean }) => !clean) ?? suitable[0]
    // Nobody else must come in between: a circuit is anybody's until its first stream.
    found?.claim(need, now)
    return found
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
        const begun = this.#begin(paths.choosePath({ ...need, avoided }), need)
        begun.claim(need, this.#options.clock.now())
        return begun
      },
    })
  }

  async #buildSpare(signal: AbortSignal | undefined, avoided?: ReadonlySet<string>): Promise<PooledCircuit> {
    return this.#queue.build({
      isolation: undefined,
      signal,
      prepare: () => this.#options.paths(signal),
      find: () => undefined,
      begin: (paths) => {
        try {
          return this.#begin(paths.choosePath({ ...USUAL_REQUIREMENTS, avoided }), USUAL_REQUIREMENTS)
        } catch (error) {
          // No exit allows the usual ports: then any exit.
          if (error instanceof TorError && error.code === 'NO_PATH')
            return this.#begin(paths.choosePath({ ports: [], avoided }), USUAL_REQUIREMENTS)
          throw error
        }
      },
    })
  }

  /**
   * Begins to build along a path. The circuit is in the pool at once, so that streams that suit it can wait for it
   * together.
   */
  #begin(path: ChosenPath, requirements: ExitRequirements): PooledCircuit {
    const tryBetter = (): void => void this.#buildSpare(undefined).catch(() => undefined) // then this one it is
    const begun = this.#builder.begin(path, this.#options.flowControl(), {
      opened: () => this.#silent.delete(path.relays[0].fingerprint),
      tryBetter,
    })
    const pooled = new PooledCircuit(begun, path.relays, requirements, this.#options.clock.now(), this)
    this.#circuits.add(pooled)
    this.#options.watcher.begun(pooled)
    const gone = (): void => {
      // One that nobody has used was a spare, and another has to take its place; but not at once, again and again.
      if (this.#circuits.delete(pooled) && pooled.unused) this.#spares.failed()
    }
    begun.circuit.closed.then(gone, gone)
    begun.ready.catch(() => {
      if (begun.isLate()) this.#late(pooled)
    })
    return pooled
  }

  /** It is only measured from now on. Another takes its place soon. */
  #late(circuit: PooledCircuit): void {
    circuit.spoil()
    if (this.#circuits.delete(circuit)) this.#spares.late()
  }

  /** A clock that was set back says nothing of how long it was. */
  get #isSilent(): boolean {
    return Math.abs(this.#options.clock.now() - this.#lastUse) > MAX_SILENCE
  }

  /** After a long silence, or a jump of the clock, nothing is taken to be alive. */
  #noteUse(): void {
    if (this.#isSilent) {
      this.#forget()
      this.#options.guards().retryAll()
    }
    this.#lastUse = this.#options.clock.now()
  }

  /**
   * What comes next gets new circuits over a new link; through this guard, or any. The streams that there are go on.
   */
  #forget(fingerprint?: string): void {
    const { channels } = this.#options
    this.#spoil(({ guard }) => fingerprint === undefined || guard.fingerprint === fingerprint)
    if (fingerprint === undefined) channels.retireAll()
    else channels.retire(fingerprint)
    this.#silent.clear()
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
