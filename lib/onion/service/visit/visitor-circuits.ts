/**
 * The circuits that visitors are at the end of. A visitor keeps its circuit for as long as it likes, so there is a bound to
 * how many there are: beyond it those go that carry nothing, the one that has been idle for the longest first.
 *
 * @module
 */
import type { Circuit } from '../../../circuit/circuit.ts'
import { closeQuietly } from '../../network/expected-message.ts'
import type { CircuitUse } from './incoming-streams.ts'

/** How many circuits there may be. */
export const MAX_CIRCUITS = 1024

export class VisitorCircuits {
  /** How many streams each carries. Those that became idle last are last. */
  readonly #circuits = new Map<Circuit, number>()
  #isClosed = false

  /** How many there are. */
  get size(): number {
    return this.#circuits.size
  }

  /** Makes room for one more circuit. False when every one is in use. */
  makeRoom(): boolean {
    if (this.#circuits.size < MAX_CIRCUITS) return true
    for (const [circuit, streams] of this.#circuits) {
      if (streams > 0) continue
      this.#circuits.delete(circuit)
      void closeQuietly(circuit)
      return true
    }
    return false
  }

  /** A circuit that a visitor is at the end of, until it is closed: at once, if all of them are. */
  add(circuit: Circuit): CircuitUse {
    if (this.#isClosed) void closeQuietly(circuit)
    const gone = (): void => void this.#circuits.delete(circuit)
    this.#circuits.set(circuit, 0)
    circuit.closed.then(gone, gone)
    const count = (change: number): void => {
      const streams = this.#circuits.get(circuit)
      if (streams === undefined) return
      this.#circuits.delete(circuit)
      this.#circuits.set(circuit, streams + change)
    }
    return { began: () => count(1), ended: () => count(-1) }
  }

  /** Closes them all, and each that comes. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#circuits.keys()].map(closeQuietly))
  }
}
