import { createFetch, type Fetch, type FetchConnect } from '../../lib/fetch.ts'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'

// A client and a circuit connect as a fetch asks.
export const ofClient = (tor: TorClient): FetchConnect => tor.connect
export const ofCircuit =
  (circuit: Circuit): FetchConnect =>
  (address, options) =>
    circuit.connect(address, options)

// Whoever takes the runtime's fetch takes ours.
export const asRuntimes = (fetch: Fetch): typeof globalThis.fetch => fetch

export const withToken = (tor: TorClient): Promise<Response> =>
  createFetch({ connect: tor.connect })('http://example.com/', { isolation: 'one' })
