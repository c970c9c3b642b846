/**
 * A circuit of the pool: whose streams it may carry, and until when (path-spec, "When we build" and "Attaching
 * streams").
 *
 * @module
 */
import type { Circuit } from '../../circuit/circuit.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import type { StreamCarrier } from '../../stream/contract/carrier.ts'
import type { AttachableCircuit } from '../attach/attachable-circuit.ts'
import type { AttemptFault } from '../attach/attempt-outcome.ts'
import { exitConditions, LONG_LIVED_PORTS, type ExitRequirements } from '../paths/exit-choice.ts'
import type { BegunCircuit } from './begun-circuit.ts'
import { isSameIsolation, type Isolation } from './isolation.ts'
import type { CircuitPurpose, SeenCircuit } from './seen-circuit.ts'
import type { ReadyCircuit } from './prediction/circuit-choice.ts'
import type { LearnedPolicies } from '../paths/learned-policies.ts'

/**
 * How long after its first stream a circuit takes new ones (C tor's `MaxCircuitDirtiness`), in ms; with a token of the
 * caller's, after its last one has ended.
 */
export const MAX_DIRTINESS = 600_000

/** What a stream needs of its circuit. */
export interface CircuitNeed extends ExitRequirements {
  readonly isolation: Isolation
}

/** What the pool wants to hear of. */
export interface PooledCircuitOwner {
  /** What exits have refused. */
  readonly learned: LearnedPolicies
  /** It takes no more streams. */
  retired(circuit: PooledCircuit): void
  /** The time, in ms since the epoch. */
  now(): number
}

/** What a circuit is for, and until when it is kept. */
export interface PooledCircuitUse {
  /** What it was built for. */
  readonly requirements: ExitRequirements
  /** Its relays were to be Stable. */
  readonly stable?: boolean | undefined
  /** When it was begun, by the clock's time. */
  readonly begunAt: number
  /** How long it is kept without ever having had a stream, in ms. */
  readonly idleTime: number
}

export class PooledCircuit implements AttachableCircuit, SeenCircuit, ReadyCircuit {
  readonly purpose: CircuitPurpose = 'streams'
  readonly circuit: Circuit
  readonly path: readonly DirectoryRelay[]
  /**
   * Resolves when streams may be attached; rejects as `circuit.opened`, or when the circuit is not to be used after
   * all.
   */
  readonly ready: Promise<void>
  /** Settles when it is not pending any more. */
  readonly settled: Promise<unknown>
  /** When it was begun, by the clock's time. */
  readonly begunAt: number
  readonly #idleTime: number
  readonly #owner: PooledCircuitOwner
  /**
   * Whether it may carry streams to ports of connections that last: nothing better was there, or all of its relays are
   * Stable.
   */
  readonly #lasting: boolean
  #isReady = false
  #isolation: Isolation | undefined
  #dirtySince: number | undefined
  #wasUsed = false
  #spoiled = false
  #streams = 0

  constructor(
    { circuit, ready, settled }: BegunCircuit,
    path: readonly DirectoryRelay[],
    { requirements, stable = false, begunAt, idleTime }: PooledCircuitUse,
    owner: PooledCircuitOwner,
  ) {
    this.circuit = circuit
    this.path = path
    this.ready = ready
    this.settled = settled
    this.begunAt = begunAt
    this.#idleTime = idleTime
    this.#owner = owner
    this.#lasting = stable || isLongLived(requirements) || path.every(({ flags }) => (flags & RelayFlag.Stable) !== 0)
    const noteReady = (): void => {
      this.#isReady = true
    }
    ready.then(noteReady, () => undefined) // who waits is told
    const spoil = (): void => {
      this.#spoiled = true
    }
    circuit.closed.then(spoil, spoil)
  }

  /** True once `ready` has resolved. */
  get isReady(): boolean {
    return this.#isReady
  }

  get carrier(): StreamCarrier {
    return this.circuit.carrier
  }

  get fingerprints(): readonly string[] {
    return this.path.map(({ fingerprint }) => fingerprint)
  }

  get guard(): DirectoryRelay {
    return this.path[0] as DirectoryRelay
  }

  get exit(): DirectoryRelay {
    return this.path.at(-1) as DirectoryRelay
  }

  /** True until the first stream: it fits anybody. */
  get clean(): boolean {
    return this.#dirtySince === undefined && !this.#spoiled
  }

  /**
   * True when no new stream may come: it is too old, or was found wanting. A clock that was set back does not make it
   * last.
   */
  expired(now: number): boolean {
    return this.#spoiled || (this.#dirtySince !== undefined && Math.abs(now - this.#dirtySince) >= MAX_DIRTINESS)
  }

  /** When it got its first stream, or with a token of the caller's its last one, or lost that; undefined while clean. */
  get dirtySince(): number | undefined {
    return this.#dirtySince
  }

  /** True when it may be used at once. */
  get isOpen(): boolean {
    return this.circuit.flowControl !== undefined
  }

  /** True when a stream of anybody's to this port finds it of use, now or when it is built. */
  isReadyFor(port: number, now: number): boolean {
    return (
      this.#isolation === undefined &&
      !this.expired(now) &&
      (this.#lasting || !LONG_LIVED_PORTS.has(port)) &&
      exitConditions({ ports: [port] }, this.#owner.learned).every(([, fits]) => fits(this.exit))
    )
  }

  /** True when nothing more is to come of it: it takes no more streams and carries none, or never had one for long. */
  isDone(now: number): boolean {
    if (this.expired(now)) return this.unused
    return this.clean && this.isOpen && Math.abs(now - this.begunAt) > this.#idleTime
  }

  /** True when no stream is on it. */
  get unused(): boolean {
    return this.#streams === 0
  }

  /**
   * True when it is being built, and one of these relays is still to be reached. The guard is not meant: others may
   * share its link.
   */
  isToReach(fingerprints: ReadonlySet<string>): boolean {
    return this.path.some(
      ({ fingerprint }, position) => position >= Math.max(1, this.circuit.hops) && fingerprints.has(fingerprint),
    )
  }

  /** True when it may carry a stream with this need. */
  suits(need: CircuitNeed, now: number): boolean {
    return (
      !this.expired(now) &&
      (this.#isolation === undefined || isSameIsolation(this.#isolation, need.isolation)) &&
      (this.#lasting || !isLongLived(need)) &&
      exitConditions(need, this.#owner.learned).every(([, fits]) => fits(this.exit))
    )
  }

  /** A stream comes: from now on only such of the same isolation may. */
  claim({ isolation }: CircuitNeed, now: number): void {
    this.#isolation ??= isolation
    this.#dirtySince ??= now
    this.#streams += 1
  }

  /** The stream that claimed it goes on it. */
  use(): void {
    if (!this.#wasUsed || this.#isRenewed) this.#dirtySince = this.#owner.now()
    this.#wasUsed = true
  }

  /** The stream that claimed it went on another one. If none ever was on it, it is anybody's again. */
  waive(): void {
    if (this.#streams === 1 && !this.#wasUsed) {
      this.#isolation = undefined
      this.#dirtySince = undefined
    }
    this.#streams -= 1
  }

  /** No new stream may come. */
  spoil(): void {
    this.#spoiled = true
    this.#owner.retired(this)
  }

  released(): void {
    if (this.#isRenewed) this.#dirtySince = this.#owner.now()
    this.#streams -= 1
  }

  failed(fault: AttemptFault, { ports, host }: ExitRequirements): void {
    const { learned } = this.#owner
    if (fault === 'exit-policy' && ports.length > 0) {
      // An exit that does not connect there may well serve the streams that it has, and others.
      for (const port of ports) learned.refuse(this.exit.fingerprint, port, host)
      return
    }
    if (fault === 'exit-full') learned.refuseAll(this.exit.fingerprint)
    this.spoil()
  }

  /**
   * Whether each stream makes it last: where the caller says what goes together, a session keeps its exit as long as it
   * goes on (proposal 368).
   */
  get #isRenewed(): boolean {
    return this.#isolation?.token !== undefined
  }
}

const isLongLived = ({ ports }: ExitRequirements): boolean => ports.some((port) => LONG_LIVED_PORTS.has(port))
