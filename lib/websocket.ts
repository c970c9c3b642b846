/**
 * `tor-streams/websocket`: links to relays through a WebSocket gateway.
 *
 * @module tor-streams/websocket
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { GatewayUrl } from './transports/websocket/gateway-url.ts'
export type { LinkAddress, LinkBytes, Transport } from './platform/links/transport.ts'
export type { WebSocketConstructor, WebSocketLike } from './transports/websocket/socket-events.ts'
export { webSocketTransport, type WebSocketTransportOptions } from './transports/websocket/web-socket-transport.ts'
