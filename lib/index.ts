/**
 * `tor-streams`: every public name, and nothing else.
 *
 * @module
 */
export { SocketError, TorError, type ErrorCode, type SocketErrorOptions, type TorErrorOptions } from './errors.ts'
export type { SocketInfo, StreamWindows } from './stream/tor-stream.ts'
export type { TorStream as TorSocket } from './stream/tor-stream.ts'
export type { StreamOptions } from './stream/options.ts'
