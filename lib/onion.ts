/**
 * `tor-streams/onion`: the keys of onion services and of their clients, in the forms that C tor keeps them in. Services are met
 * by `TorClient.connect`, and made by `TorClient.serve`.
 *
 * @module tor-streams/onion
 */
export { OnionClientKeyPair } from './onion/identity/client-key-pair.ts'
export { OnionKey, type TorKeyFiles } from './onion/identity/onion-key.ts'
