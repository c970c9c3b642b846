/**
 * The two flow controls that a circuit may negotiate with an exit, for suites that must pass under both.
 *
 * @module
 */
import type { CircuitOptions } from '../../lib/circuit/circuit-options.ts'
import type { FlowControlKind } from '../../lib/stream/contract/socket-info.ts'

/** A flow control, and the circuit options that lead to it where the exit offers both. */
export interface FlowControlCase {
  readonly kind: FlowControlKind
  readonly options: CircuitOptions
  /** How many DATA cells of a new circuit may be on their way before the first SENDME. */
  readonly window: number
  /** For how many DATA cells a circuit SENDME stands. */
  readonly step: number
}

/** Both. */
export const flowControls: readonly FlowControlCase[] = [
  { kind: 'windows', options: { congestionControl: false }, window: 1000, step: 100 },
  { kind: 'congestion-control', options: {}, window: 124, step: 31 },
]
