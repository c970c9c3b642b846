/**
 * `tor-streams/circuit`: channels and circuits, for whoever picks the path.
 *
 * @module tor-streams/circuit
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './base/errors.ts'
export type { ProvenIdentity } from './channel/certs.ts'
export { Channel } from './channel/channel.ts'
export type { ChannelOptions } from './channel/channel-options.ts'
export type { LinkPaddingMode } from './channel/link-padding.ts'
export type { CircuitPort, CircuitReceiver } from './channel/circuit-port.ts'
export { Circuit } from './circuit/circuit.ts'
export type { CellCounts } from './circuit/circuit-controller.ts'
export type { CongestionState } from './circuit/flow-control.ts'
export type { CircuitOptions, DirectoryCircuitOptions } from './circuit/circuit-options.ts'
export {
  readCongestionParameters,
  readXonXoffParameters,
  type CongestionControlParameters,
} from './circuit/congestion/parameters.ts'
export { parseProtocols, type Protocols } from './directory/protocols.ts'
export type { Platform } from './platform/platform.ts'
export type { TlsAdapter, TlsConnection, TlsRequest } from './platform/tls/tls-adapter.ts'
export type { Transport, LinkAddress, Link } from './platform/links/transport.ts'
export type { X25519, X25519KeyPair, X25519SecretKey } from './platform/crypto/curves/x25519.ts'
export type { LongHash, RunningDigest } from './platform/crypto/digests/running-digest.ts'
export type { Sha3Functions } from './platform/crypto/digests/sha3-functions.ts'
export type { Keystream } from './platform/crypto/ciphers/keystream.ts'
export type { DirectoryServer, Relay, RelayPortPolicy, RelayProtocols } from './relay.ts'
export type { XonXoffParameters } from './stream/contract/flow-parameters.ts'
export type {
  FlowControlKind,
  RelayInfo,
  SocketCircuit,
  StreamTraffic,
  XonXoffState,
} from './stream/contract/socket-info.ts'
