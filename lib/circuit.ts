/**
 * `tor-streams/circuit`: channels and circuits, for whoever picks the path.
 *
 * @module
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './errors.ts'
export { Channel, type ChannelOptions } from './channel/channel.ts'
export { Circuit, type CircuitOptions } from './circuit/circuit.ts'
export type { Link, LinkAddress, Transport } from './platform/platform.ts'
export type { Relay } from './relay.ts'
