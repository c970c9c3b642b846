/**
 * The two flow controls that a circuit may negotiate with a real exit, for suites that must pass under both.
 *
 * @module
 */
import type { CircuitOptions } from '../../../lib/circuit/circuit.ts'
import type { FlowControlKind } from '../../../lib/stream/stream-flow.ts'

/** A flow control, and the circuit options that lead to it where the exit offers both. */
export interface FlowControlCase {
  readonly kind: FlowControlKind
  readonly options: CircuitOptions
}

/** Both. */
export const flowControls: readonly FlowControlCase[] = [
  { kind: 'windows', options: { congestionControl: false } },
  { kind: 'congestion-control', options: {} },
]
