/**
 * `tor-streams/onion`: the keys of onion services and of their clients, in the forms that C tor keeps them in, and HTTP for
 * services. Services are met by `TorClient.connect`, and made by `TorClient.serve`.
 *
 * @module tor-streams/onion
 */
export { OnionClientKeyPair } from './onion/identity/client-key-pair.ts'
export { OnionKey, type TorKeyFiles } from './onion/identity/onion-key.ts'
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { Clock } from './base/waiting/clock.ts'
export type { HttpSocket } from './http/connection/http-socket.ts'
export type { FetchHandler } from './http-server/fetch-handler.ts'
export type { ServeFetchOptions } from './http-server/fetch-server-options.ts'
export { serveFetch, type FetchServer, type FetchService } from './http-server/serve-fetch.ts'
