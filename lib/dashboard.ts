/**
 * `tor-streams/dashboard`: circuits, streams and their windows, drawn live, for pages. It draws what `tor.watch()` tells,
 * with the page's own elements and nothing else.
 *
 * @module tor-streams/dashboard
 */
export { Dashboard, type DashboardOptions } from './dashboard/dashboard.ts'
export type { FarEnd } from './dashboard/way.ts'
export type { ClientPhase, ClientStatus } from './client/bootstrap/status.ts'
export type {
  CircuitFlow,
  CircuitState,
  CircuitSummary,
  StreamFlowInfo,
  StreamInfo,
  StreamState,
} from './client/watch/circuit-info.ts'
export type { CircuitPurpose } from './client/circuits/seen-circuit.ts'
export type {
  BandwidthEvent,
  CircuitEvent,
  ClientEvent,
  StatusEvent,
  StreamEvent,
} from './client/watch/client-event.ts'
export type { RelayInfo } from './stream/contract/socket-info.ts'
