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
import { exitsFor, LONG_LIVED_PORTS, type ExitRequirements } from '../paths/exit-choice.ts'
import type { BegunCircuit } from './begun-circuit.ts'
import { isSameIsolation, type Isolation } from './isolation.ts'
import type { CircuitPurpose, SeenCircuit } from './seen-circuit.ts'
import type { LearnedPolicies } from '../paths/learned-policies.ts'

/** How long after its first stream a circuit takes new ones (C tor's `MaxCircuitDirtiness`), in ms. */
export const MAX_DIRTINESS = 600_000

/** What a stream needs of its circuit. */
export interface CircuitNeed extends ExitRequirements {
  readonly isolation: Isolation
}

/** What the pool wants to hear of. */
export interface PooledCircuitOwner {
  /** What exits have refused. */
  readonly learned: LearnedPolicies
  /** No stream is left on it. */
  idle(circuit: PooledCircuit): void
  /** A stream on it was not answered in time: the first one that was not. */
  silent(circuit: PooledCircuit): void
  /** It takes no more streams. */
  retired(circuit: PooledCircuit): void
}

export class PooledCircuit implements AttachableCircuit, SeenCircuit {
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
  readonly #owner: PooledCircuitOwner
  /**
   * Whether it may carry streams to ports of connections that last: nothing better was there, or all of its relays are
   * Stable.
   */
  readonly #lasting: boolean
  #isolation: Isolation | undefined
  #dirtySince: number | undefined
  #wasUsed = false
  #spoiled = false
  #silent = false
  #streams = 0

  /** @param requirements - what it was built for */
  constructor(
    { circuit, ready, settled }: BegunCircuit,
    path: readonly DirectoryRelay[],
    requirements: ExitRequirements,
    begunAt: number,
    owner: PooledCircuitOwner,
  ) {
    this.circuit = circuit
    this.path = path
    this.ready = ready
    this.settled = settled
    this.begunAt = begunAt
    this.#owner = owner
    this.#lasting = isLongLived(requirements) || path.every(({ flags }) => (flags & RelayFlag.Stable) !== 0)
    const spoil = (): void => {
      this.#spoiled = true
    }
    circuit.closed.then(spoil, spoil)
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
      exitsFor(need, [this.exit], this.#owner.learned).relays.length > 0
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
    this.#wasUsed = true
  }

  /** The stream that claimed it went on another one. If none ever was on it, it is anybody's again. */
  waive(): void {
    if (this.#streams === 1 && !this.#wasUsed) {
      this.#isolation = undefined
      this.#dirtySince = undefined
    }
    this.released()
  }

  /** No new stream may come. */
  spoil(): void {
    this.#spoiled = true
    this.#owner.retired(this)
  }

  released(): void {
    this.#streams -= 1
    if (this.#streams === 0) this.#owner.idle(this)
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
    if (fault !== 'silence' || this.#silent) return
    this.#silent = true
    this.#owner.silent(this)
  }
}

const isLongLived = ({ ports }: ExitRequirements): boolean => ports.some((port) => LONG_LIVED_PORTS.has(port))

/** Those that are open, have never had a stream, and were begun longer ago than this, in ms. */
export const idleSince = (circuits: Iterable<PooledCircuit>, now: number, age: number): PooledCircuit[] =>
  [...circuits].filter(
    ({ clean, circuit, begunAt }) => clean && circuit.flowControl !== undefined && Math.abs(now - begunAt) > age,
  )
