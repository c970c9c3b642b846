/**
 * `tor-streams`: every public name, and nothing else.
 *
 * @module tor-streams
 */
export { SocketError, TorError } from './base/errors.ts'
export type { ErrorCode, SocketErrorOptions, StreamAttempt, TorErrorOptions } from './base/errors.ts'
export { WithheldError } from './base/withheld.ts'
export type { LinkPaddingMode } from './channel/link-padding.ts'
export type { TorClientOptions } from './client/client-options.ts'
export { TorClient } from './client/tor-client.ts'
export type {
  AttemptLimits,
  CircuitChoice,
  ConnectOptions,
  OnionClientKey,
  ResolveOptions,
  TorFetchInit,
} from './client/connect-options.ts'
export type {
  CircuitFlow,
  CircuitInfo,
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
  WatchOptions,
} from './client/watch/client-event.ts'
export type { ProofOfWorkOptions } from './client/proof-of-work.ts'
export type { ProofOfWork, Puzzle } from './onion/pow/puzzle.ts'
export type { IsolationToken } from './client/circuits/isolation.ts'
export type { ClientPhase, ClientStatus } from './client/bootstrap/status.ts'
export type { FetchInit } from './fetch/request/request.ts'
export { parseDirAuthorityLines } from './directory/network/dir-authority-lines.ts'
export type { Authority, NetworkConfig } from './directory/network/network-config.ts'
export type { FamilyMember } from './directory/family.ts'
export type { DirectoryRelay } from './directory/network-directory.ts'
export type { PortPolicy } from './directory/port-policy.ts'
export type { Protocols } from './directory/protocols.ts'
export { RelayFlag } from './directory/relay-flags.ts'
export type { OnionKey, TorKeyFiles } from './onion/identity/onion-key.ts'
export type { OnionService } from './onion/service/onion-service.ts'
export type {
  OnionServiceOptions,
  OnionServicePhase,
  OnionServiceStatus,
  OnionServiceUploads,
} from './onion/service/service-options.ts'
export { FileStorage } from './platform/storage/file-storage.ts'
export { IndexedDbStorage, type IndexedDbOptions } from './platform/storage/indexed-db-storage.ts'
export type { TlsAdapter, TlsConnection, TlsRequest } from './platform/tls/tls-adapter.ts'
export type { Transport, LinkAddress, Link } from './platform/links/transport.ts'
export { MemoryStorage, type Storage } from './platform/storage/storage.ts'
export type { DirectoryServer, Relay, RelayPortPolicy, RelayProtocols } from './relay.ts'
export type { LookupAnswer } from './stream/lookup.ts'
export type { LookupOptions } from './stream/lookup-options.ts'
export type { AddressFamily, StreamOptions } from './stream/options.ts'
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { AnySocketAddress, SocketAddress } from './stream/socket-address.ts'
export type {
  FlowControlKind,
  RelayInfo,
  SocketCircuit,
  SocketInfo,
  StreamTraffic,
  StreamWindows,
  XonXoffState,
} from './stream/contract/socket-info.ts'
export type { TorStream as TorSocket } from './stream/tor-stream.ts'
export type { ReadableType, StreamConstructors } from './base/streams/stream-constructors.ts'
export type { SecureOptions, SecureTransport, TlsOptions } from './tls/options.ts'
