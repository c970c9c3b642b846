/**
 * `tor-streams`: every public name, and nothing else.
 *
 * @module
 */
export { SocketError, TorError } from './base/errors.ts'
export type { ErrorCode, SocketErrorOptions, StreamAttempt, TorErrorOptions } from './base/errors.ts'
export { TorClient } from './client/tor-client.ts'
export type { CircuitChoice, ConnectOptions, ResolveOptions, TorClientOptions } from './client/tor-client.ts'
export type { IsolationToken } from './client/circuits/isolation.ts'
export type { ClientPhase, ClientStatus } from './client/bootstrap/status.ts'
export type { FetchInit } from './fetch/request.ts'
export { parseDirAuthorityLines } from './directory/network/dir-authority-lines.ts'
export type { Authority, NetworkConfig } from './directory/network/network-config.ts'
export type { DirectoryRelay } from './directory/network-directory.ts'
export type { PortPolicy } from './directory/port-policy.ts'
export type { Protocols } from './directory/protocols.ts'
export { RelayFlag } from './directory/relay-flags.ts'
export { FileStorage } from './platform/storage/file-storage.ts'
export type { Link, LinkAddress, TlsAdapter, TlsConnection, TlsRequest, Transport } from './platform/platform.ts'
export { MemoryStorage, type Storage } from './platform/storage/storage.ts'
export type { DirectoryServer, Relay, RelayProtocols } from './relay.ts'
export type { LookupAnswer, LookupOptions } from './stream/lookup.ts'
export type { AddressFamily, StreamOptions } from './stream/options.ts'
export type { AnySocketAddress, SocketAddress } from './stream/socket-address.ts'
export type { FlowControlKind } from './stream/contract/stream-flow.ts'
export type { SocketInfo, StreamWindows, TorStream as TorSocket } from './stream/tor-stream.ts'
export type { ReadableType, StreamConstructors } from './stream/bytes/web-streams.ts'
export type { SecureOptions, SecureTransport, TlsOptions } from './tls/options.ts'
