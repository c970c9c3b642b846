/**
 * `tor-streams/node`: Tor streams where Node's own interfaces are expected. For Node, Deno and Bun.
 *
 * @module tor-streams/node
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { NodeConnect, NodeSocketInfo, NodeSocketSource } from './node/connect.ts'
export { guardedFetch } from './node/proof.ts'
export type { ProvableHook, SendProbe } from './node/proof.ts'
export { SocketFailure } from './node/socket-failure.ts'
export { toDuplex } from './node/to-duplex.ts'
export type { SocketDuplex, ToDuplexOptions } from './node/to-duplex.ts'
export { provenAgent, TorAgent } from './node/tor-agent.ts'
export type { TorAgentOptions } from './node/tor-agent.ts'
export { provenConnector, undiciConnector } from './node/undici-connector.ts'
export type {
  UndiciConnectCallback,
  UndiciConnectOptions,
  UndiciConnector,
  UndiciConnectorOptions,
} from './node/undici-connector.ts'
export { readGeoip } from './node/geoip/read-geoip.ts'
export type { Geoip, Located } from './node/geoip/read-geoip.ts'
export { listenSocks } from './node/listen-socks.ts'
export type { ListenSocksOptions, SocksListener } from './node/listen-socks.ts'
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
export { listenGateway } from './node/gateway/listen-gateway.ts'
export type { Gateway } from './node/gateway/listen-gateway.ts'
export type { GatewayCounters } from './node/gateway/gateway-counters.ts'
export type { ListenGatewayOptions } from './node/gateway/gateway-options.ts'
export { serveHttp } from './node/onion/serve-http.ts'
export type { VisitedService } from './node/onion/serve-http.ts'
