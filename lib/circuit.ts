/**
 * `tor-streams/circuit`: channels and circuits, for whoever picks the path.
 *
 * @module
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './errors.ts'
export { Channel, type ChannelOptions } from './channel/channel.ts'
export type { CircuitPort, CircuitReceiver } from './channel/circuit-port.ts'
export { Circuit, type CircuitOptions } from './circuit/circuit.ts'
export type { Keystream, Link, LinkAddress, Platform, RunningDigest, Transport } from './platform/platform.ts'
export type { DirectoryServer, Relay } from './relay.ts'
