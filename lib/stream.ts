/**
 * `tor-streams/stream`: a Tor stream as a pair of Web Streams, for whoever brings a circuit.
 *
 * @module
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './errors.ts'
export type { Clock } from './clock.ts'
export type { CellSource, CreditWaiter, StreamCarrier, StreamEndpoint, StreamGuest, StreamPlace } from './stream/carrier.ts'
export type { ResolvedAddress, ResolvedHostname } from './cell/resolve.ts'
export { isLegal, type StreamState } from './stream/legality.ts'
export { lookUp, type LookupAnswer, type LookupOptions } from './stream/lookup.ts'
export type { AddressFamily, StreamOptions } from './stream/options.ts'
export { RelayDataChunker, type RelayDataChunkerOptions } from './stream/relay-data-chunker.ts'
export { RelayDataRun } from './stream/relay-data-run.ts'
export { parseSocketAddress, type AnySocketAddress, type SocketAddress } from './stream/socket-address.ts'
export { TorStream, type SocketInfo, type StreamWindows } from './stream/tor-stream.ts'
export type { ReadableType, StreamConstructors } from './stream/web-streams.ts'
export { CIRCUIT_WINDOW, ReceiveWindow, SendWindow, STREAM_WINDOW, type WindowSize } from './stream/windows.ts'
