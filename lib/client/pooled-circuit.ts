/**
 * A circuit of the pool: whose streams it may carry, and until when (path-spec, "When we build" and "Attaching streams").
 *
 * @module
 */
import type { Circuit } from '../circuit/circuit.ts'
import type { DirectoryRelay } from '../directory/network-directory.ts'
import type { StreamCarrier } from '../stream/carrier.ts'
import type { AttachableCircuit } from './attachable-circuit.ts'
import type { AttemptFault } from './attempt-outcome.ts'
import { exitsFor, type ExitWish } from './exit-choice.ts'
import { isSameIsolation, type Isolation } from './isolation.ts'
import type { LearnedPolicies } from './learned-policies.ts'

/** How long after its first stream a circuit takes new ones (C tor's `MaxCircuitDirtiness`), in ms. */
export const MAX_DIRTINESS = 600_000

/** What a stream needs of its circuit. */
export interface CircuitNeed extends ExitWish {
  readonly isolation: Isolation
}

/** What the pool wants to hear of. */
export interface PooledCircuitOwner {
  /** What exits have refused. */
  readonly learned: LearnedPolicies
  /** No stream is left on it. */
  idle(circuit: PooledCircuit): void
}

export class PooledCircuit implements AttachableCircuit {
  readonly circuit: Circuit
  readonly path: readonly DirectoryRelay[]
  readonly #owner: PooledCircuitOwner
  #isolation: Isolation | undefined
  #dirtySince: number | undefined
  #spoiled = false
  #streams = 0

  constructor(circuit: Circuit, path: readonly DirectoryRelay[], owner: PooledCircuitOwner) {
    this.circuit = circuit
    this.path = path
    this.#owner = owner
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

  get exit(): DirectoryRelay {
    return this.path.at(-1) as DirectoryRelay
  }

  /** True until the first stream: it fits anybody. */
  get clean(): boolean {
    return this.#dirtySince === undefined && !this.#spoiled
  }

  /** True when no new stream may come: it is too old, or was found wanting. */
  expired(now: number): boolean {
    return this.#spoiled || (this.#dirtySince !== undefined && now - this.#dirtySince >= MAX_DIRTINESS)
  }

  /** True when no stream is on it. */
  get unused(): boolean {
    return this.#streams === 0
  }

  /** True when it may carry a stream with this need. */
  suits(need: CircuitNeed, now: number): boolean {
    return (
      !this.expired(now) &&
      (this.#isolation === undefined || isSameIsolation(this.#isolation, need.isolation)) &&
      exitsFor(need, [this.exit], this.#owner.learned).relays.length > 0
    )
  }

  /** A stream comes: from now on only such of the same isolation may. */
  claim(need: CircuitNeed, now: number): void {
    this.#isolation ??= need.isolation
    this.#dirtySince ??= now
    this.#streams += 1
  }

  released(): void {
    this.#streams -= 1
    if (this.#streams === 0) this.#owner.idle(this)
  }

  failed(fault: AttemptFault, { ports, host }: ExitWish): void {
    const { learned } = this.#owner
    if (fault === 'exit-full') learned.refuseAll(this.exit.fingerprint)
    else if (fault === 'exit-policy') for (const port of ports) learned.refuse(this.exit.fingerprint, port, host)
    // An exit that does not connect there may well serve the streams that it has, and others.
    if (fault !== 'exit-policy') this.#spoiled = true
  }
}
