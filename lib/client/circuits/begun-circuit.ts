/**
 * What there is of a circuit from its first moment on.
 *
 * @module
 */
import type { Circuit } from '../../circuit/circuit.ts'

/** A circuit that is being built. */
export interface BegunCircuit {
  readonly circuit: Circuit
  /**
   * Resolves when it may be used; rejects as `circuit.opened`, or when it is not to be used after all. A rejection counts
   * as handled.
   */
  readonly ready: Promise<void>
  /** Settles when it is open, failed, or too late and only measured from then on: others may be begun in its place. */
  readonly settled: Promise<unknown>
  /** True when it is too late to be used, and only measured. */
  isLate(): boolean
}
