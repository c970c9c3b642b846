/**
 * Circuits: found for a stream, built when there is none, some ahead of need (path-spec, "When we build").
 *
 * @module
 */
import { Circuit } from '../circuit/circuit.ts'
import type { Clock } from '../clock.ts'
import { TorError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { ChannelPool } from './channel-pool.ts'
import type { ExitWish } from './exit-choice.ts'
import type { GuardManager } from './guards.ts'
import type { LearnedPolicies } from './learned-policies.ts'
import type { ChosenPath, PathSelector } from './path-selection.ts'
import { MAX_DIRTINESS, PooledCircuit, type CircuitNeed, type PooledCircuitOwner } from './pooled-circuit.ts'

/** How many circuits without a stream are kept ready. */
const SPARE_CIRCUITS = 2

/** What circuits are built ahead for. */
const USUAL_WISH: ExitWish = { ports: [443, 80] }

/** How long a circuit may take to be built, in ms. Fixed: no statistics of build times are kept. */
const BUILD_TIMEOUT = 15_000

/** How often a build for a stream is tried, and how long to wait before each further try, in ms. */
const BUILD_DELAYS = [0, 0, 250, 500, 1000, 2000, 4000, 8000] as const

/** Without a sign of life for so long the links may be dead without knowing: a laptop slept, the network changed. In ms. */
const MAX_SILENCE = 1_800_000

/** What a pool needs. */
export interface CircuitPoolOptions {
  readonly channels: ChannelPool
  guards(): GuardManager
  readonly learned: LearnedPolicies
  /** The paths of the present directory; it may have to be fetched anew first. */
  paths(signal: AbortSignal | undefined): Promise<PathSelector>
  /** The guards have learned something worth keeping. */
  guardsChanged(): void
  readonly clock: Clock
  readonly platform: Platform
}

export class CircuitPool implements PooledCircuitOwner {
  readonly learned: LearnedPolicies
  readonly #options: CircuitPoolOptions
  readonly #circuits = new Set<PooledCircuit>()
  readonly #closing = new AbortController()
  #lastUse: number
  #sparesFailed = 0
  #stopTimer: (() => void) | undefined

  constructor(options: CircuitPoolOptions) {
    this.#options = options
    this.learned = options.learned
    this.#lastUse = options.clock.now()
  }

  /**
   * A circuit that suits the need, open, with the stream counted as its own.
   *
   * @throws TorError `NO_PATH`, `ABORTED`, or what befell the last of several builds
   */
  async acquire(need: CircuitNeed, signal?: AbortSignal): Promise<PooledCircuit> {
    this.#noteUse()
    let failure: unknown
    for (const delay of BUILD_DELAYS) {
      await this.#pause(delay, signal)
      try {
        const found = this.#find(need) ?? (await this.#build(need, signal))
        found.claim(need, this.#options.clock.now())
        try {
          await found.circuit.opened
          this.#replenish()
          return found
        } catch (error) {
          found.released()
          throw error
        }
      } catch (error) {
        failure = error
        if (error instanceof TorError && error.code === 'NO_PATH') break
      }
    }
    throw failure
  }

  /** Builds the circuits that are kept ready. Resolves when one is open; rejects when none could be built. */
  async warmUp(signal: AbortSignal): Promise<void> {
    let failure: unknown
    for (const delay of BUILD_DELAYS) {
      await this.#pause(delay, signal)
      try {
        const spare = [...this.#circuits].find(({ clean }) => clean) ?? (await this.#buildFor(USUAL_WISH, signal))
        await spare.circuit.opened
        this.#replenish()
        return
      } catch (error) {
        failure = error
        if (error instanceof TorError && error.code === 'NO_PATH') break
      }
    }
    throw failure
  }

  /** Closes every circuit that carries no stream, so that the next are built anew. */
  forget(): void {
    for (const circuit of this.#circuits) if (circuit.unused) void this.#drop(circuit)
  }

  /** Closes every circuit. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#stopTimer?.()
    await Promise.all([...this.#circuits].map((circuit) => this.#drop(circuit)))
  }

  idle(circuit: PooledCircuit): void {
    if (circuit.expired(this.#options.clock.now())) void this.#drop(circuit)
  }

  /** The circuit for a need: one of the same isolation first, then a clean one. */
  #find(need: CircuitNeed): PooledCircuit | undefined {
    const now = this.#options.clock.now()
    const suitable = [...this.#circuits].filter((circuit) => circuit.suits(need, now))
    return suitable.find(({ clean }) => !clean) ?? suitable[0]
  }

  async #build(need: CircuitNeed, signal: AbortSignal | undefined): Promise<PooledCircuit> {
    const paths = await this.#options.paths(signal)
    // Meanwhile another stream may have begun one that suits.
    return this.#find(need) ?? this.#begin(paths.choosePath(need))
  }

  async #buildFor(wish: ExitWish, signal: AbortSignal | undefined): Promise<PooledCircuit> {
    const paths = await this.#options.paths(signal)
    try {
      return this.#begin(paths.choosePath(wish))
    } catch (error) {
      // No exit allows the usual ports: then any exit.
      if (error instanceof TorError && error.code === 'NO_PATH') return this.#begin(paths.choosePath({ ports: [] }))
      throw error
    }
  }

  /** Begins to build along a path. The circuit is in the pool at once, so that streams that suit it can wait for it together. */
  #begin({ relays, guard }: ChosenPath): PooledCircuit {
    if (this.#closing.signal.aborted) throw new TorError('CIRCUIT_CLOSED', 'the client is closed')
    const { channels, clock, platform } = this.#options
    const guards = this.#options.guards()
    const first = relays[0]
    const circuit = Circuit.open(relays, {
      channel: channels.get(first.fingerprint, first),
      timeout: BUILD_TIMEOUT,
      clock,
      platform,
    })
    const pooled = new PooledCircuit(circuit, relays, this)
    this.#circuits.add(pooled)
    circuit.opened.then(
      () => {
        guards.succeeded(guard)
        this.#options.guardsChanged()
      },
      (error: unknown) => {
        // Only what the guard itself did, or did not do, counts against it.
        if (circuit.hops === 0 && error instanceof TorError && error.code !== 'CIRCUIT_CLOSED') {
          guards.failed(guard)
          void channels.drop(first.fingerprint)
        } else {
          guards.cancelled(guard)
        }
        this.#options.guardsChanged()
      },
    )
    const gone = (): void => void this.#circuits.delete(pooled)
    circuit.closed.then(gone, gone)
    return pooled
  }

  /** Keeps some circuits ready. A failure is tried again later, at longer and longer intervals. */
  #replenish(): void {
    if (this.#closing.signal.aborted) return
    this.#sweep()
    const spare = [...this.#circuits].filter(({ clean }) => clean).length
    for (let missing = SPARE_CIRCUITS - spare; missing > 0; missing--) {
      this.#buildFor(USUAL_WISH, this.#closing.signal)
        .then(({ circuit }) => circuit.opened)
        .then(
          () => {
            this.#sparesFailed = 0
          },
          () => {
            this.#sparesFailed += 1
            this.#later(Math.min(60_000, 1000 * 2 ** this.#sparesFailed))
          },
        )
    }
    this.#later(MAX_DIRTINESS)
  }

  #later(delay: number): void {
    if (this.#closing.signal.aborted) return
    this.#stopTimer?.()
    this.#stopTimer = this.#options.clock.after(delay, () => this.#replenish())
  }

  /** Circuits that take no more streams and carry none. */
  #sweep(): void {
    const now = this.#options.clock.now()
    for (const circuit of this.#circuits) if (circuit.unused && circuit.expired(now)) void this.#drop(circuit)
  }

  /** After a long silence, or a jump of the clock, nothing is taken to be alive that carries no stream. */
  #noteUse(): void {
    const now = this.#options.clock.now()
    if (Math.abs(now - this.#lastUse) > MAX_SILENCE) {
      this.forget()
      void this.#options.channels.dropAll()
    }
    this.#lastUse = now
  }

  async #drop(circuit: PooledCircuit): Promise<void> {
    this.#circuits.delete(circuit)
    await circuit.circuit.close().catch(() => undefined) // it broke before: whoever used it has been told
  }

  #pause(delay: number, signal: AbortSignal | undefined): Promise<void> {
    return pause(this.#options.clock, delay, [this.#closing.signal, ...(signal ? [signal] : [])])
  }
}

/**
 * Waits.
 *
 * @throws TorError `ABORTED`
 */
function pause(clock: Clock, delay: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      stop?.()
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      done()
      reject(new TorError('ABORTED', 'no circuit is wanted any more', { cause: signals.find(({ aborted }) => aborted)?.reason }))
    }
    const finish = (): void => {
      done()
      resolve()
    }
    const stop = delay === 0 ? undefined : clock.after(delay, finish)
    for (const signal of signals) signal.addEventListener('abort', onAbort)
    if (signals.some(({ aborted }) => aborted)) onAbort()
    else if (delay === 0) finish()
  })
}
