/**
 * How a circuit or a stream stands, as a plain object.
 *
 * @module
 */
import type { Circuit } from '../../circuit/circuit.ts'
import { FIXED_CELL_SIZE } from '../../cell/channel/channel-cell.ts'
import type { RelayInfo } from '../../stream/contract/socket-info.ts'
import type { StreamFlow } from '../../stream/contract/stream-flow.ts'
import type { SeenStream } from '../attach/attachable-circuit.ts'
import type { SeenCircuit } from '../circuits/seen-circuit.ts'
import type { CircuitFlow, CircuitState, CircuitSummary, StreamFlowInfo, StreamInfo } from './circuit-info.ts'

/** What a circuit does not know of itself. */
export interface CircuitPlace {
  readonly id: number
  readonly path: readonly RelayInfo[]
  readonly age: number
  readonly isOver: boolean
  readonly isRetired: boolean
}

/** How a circuit stands. */
export function circuitSummary({ circuit, purpose }: SeenCircuit, place: CircuitPlace): CircuitSummary {
  const { id, path, age } = place
  const { received, sent } = circuit.cells
  return Object.freeze({
    id,
    purpose,
    state: stateOf(circuit, place),
    path,
    hops: circuit.hops,
    flow: flowOf(circuit),
    bytesIn: received * FIXED_CELL_SIZE,
    bytesOut: sent * FIXED_CELL_SIZE,
    age,
  })
}

function stateOf(circuit: Circuit, { isOver, isRetired }: CircuitPlace): CircuitState {
  if (isOver) return 'closed'
  if (isRetired) return 'retired'
  return circuit.flowControl === undefined ? 'building' : 'open'
}

function flowOf(circuit: Circuit): CircuitFlow | undefined {
  if (circuit.flowControl === undefined) return undefined
  const { congestion, windows } = circuit
  return Object.freeze(
    congestion === undefined ? { kind: 'windows', ...windows } : { kind: 'congestion-control', ...congestion },
  )
}

/** What a stream does not know of itself. */
export interface StreamSituation {
  readonly id: number
  readonly circuit: number | undefined
  readonly target: string
}

/** How a stream stands. */
export function streamInfo(seen: SeenStream, { id, circuit, target }: StreamSituation): StreamInfo {
  const { phase, traffic } = seen
  return Object.freeze({
    id,
    circuit,
    target,
    state: phase,
    flow: circuit === undefined || seen.flow === undefined ? undefined : flowOfStream(seen.flow),
    bytesIn: traffic?.bytesIn ?? 0,
    bytesOut: traffic?.bytesOut ?? 0,
    waiting: traffic?.waiting ?? 0,
  })
}

function flowOfStream({ xonXoff, windows }: StreamFlow): StreamFlowInfo {
  return Object.freeze(
    xonXoff === undefined ? { kind: 'windows', ...windows } : { kind: 'congestion-control', ...xonXoff },
  )
}

/** Where a stream goes, for people. */
export function targetOf({ requirements: { host = '', ports } }: SeenStream): string {
  const [port] = ports
  if (port === undefined) return host
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
