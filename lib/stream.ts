/**
 * `tor-streams/stream`: a Tor stream as a pair of Web Streams, for whoever brings a circuit.
 *
 * @module tor-streams/stream
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './base/errors.ts'
export type { Clock } from './base/waiting/clock.ts'
export type {
  CellSource,
  CreditWaiter,
  StreamCarrier,
  HalfClosedEndpoint,
  StreamEndpoint,
  PendingStream,
  StreamPlace,
  XonXoffSetup,
} from './stream/contract/carrier.ts'
export { DEFAULT_XON_XOFF, type XonXoffParameters } from './stream/contract/flow-parameters.ts'
export type { ResolvedAddress, ResolvedHostname } from './cell/relay/resolve.ts'
export { isLegal, type StreamPhase, type StreamState, type StreamStates } from './stream/contract/legality.ts'
export { lookUp, type LookupAnswer } from './stream/lookup.ts'
export type { LookupOptions } from './stream/lookup-options.ts'
export type { TlsAdapter, TlsConnection, TlsRequest } from './platform/tls/tls-adapter.ts'
export type { AddressFamily, StreamOptions } from './stream/options.ts'
export { RelayDataChunker, type RelayDataChunkerOptions } from './stream/bytes/relay-data-chunker.ts'
export { RelayDataRun } from './stream/bytes/relay-data-run.ts'
export type { BufferSource } from './base/streams/buffer-source.ts'
export { parseSocketAddress, type AnySocketAddress, type SocketAddress } from './stream/socket-address.ts'
export type { FlowWaiter, HalfClosedRules, StreamFlow } from './stream/contract/stream-flow.ts'
export type {
  FlowControlKind,
  RelayInfo,
  SocketCircuit,
  SocketInfo,
  StreamTraffic,
  StreamWindows,
  XonXoffState,
} from './stream/contract/socket-info.ts'
export { TorStream } from './stream/tor-stream.ts'
export type { ReadableType, StreamConstructors } from './base/streams/stream-constructors.ts'
export { CIRCUIT_WINDOW, ReceiveWindow, SendWindow, STREAM_WINDOW, type WindowSize } from './stream/flow/windows.ts'
export type { SecureOptions, SecureTransport, TlsOptions } from './tls/options.ts'
