/**
 * `tor-streams/socks`: a SOCKS or HTTP CONNECT server for one connection, over any pair of byte streams and any
 * WinterTC `connect`.
 *
 * @module tor-streams/socks
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export { serveHttpConnect } from './http-connect/serve-http-connect.ts'
export { serveProxy } from './http-connect/serve-proxy.ts'
export type { ProxyConnection } from './proxy/client-end.ts'
export type {
  ProxyAddress,
  ProxyAddressAnswer,
  ProxyAnswer,
  ProxyCircuitChoice,
  ProxyConnect,
  ProxyNameAnswer,
  ProxyResolve,
  ProxySocket,
} from './proxy/connect.ts'
export type { ProxyWarning } from './proxy/handshake.ts'
export type { ProxyOptions } from './proxy/options.ts'
export { serveSocks } from './socks/serve-socks.ts'
