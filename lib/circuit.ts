/**
 * `tor-streams/circuit`: channels and circuits, for whoever picks the path.
 *
 * @module
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './base/errors.ts'
export { Channel, type ChannelOptions } from './channel/channel.ts'
export type { CircuitPort, CircuitReceiver } from './channel/circuit-port.ts'
export { Circuit, type CircuitOptions } from './circuit/circuit.ts'
export { readCongestionParameters, readXonXoffParameters, type CongestionControlParameters } from './circuit/congestion/parameters.ts'
export { parseProtocols, type Protocols } from './directory/protocols.ts'
export type { Keystream, Link, LinkAddress, Platform, RunningDigest, TlsAdapter, TlsConnection, TlsRequest, Transport, X25519, X25519KeyPair } from './platform/platform.ts'
export type { DirectoryServer, Relay, RelayProtocols } from './relay.ts'
export type { XonXoffParameters } from './stream/contract/flow-parameters.ts'
export type { FlowControlKind } from './stream/contract/stream-flow.ts'
