/**
 * The networks that specs of a run share: each starts when the first of them asks for it and stops when all are done.
 * Nobody may kill one of their relays.
 *
 * @module
 */
import { TorNetwork, type TorNetworkOptions } from './network.ts'

const networks = new Map<string, Promise<TorNetwork>>()

function shared(options: TorNetworkOptions): Promise<TorNetwork> {
  const key = JSON.stringify(options)
  const network = networks.get(key) ?? TorNetwork.start(options)
  networks.set(key, network)
  return network
}

/**
 * The network for those who pick paths by hand: no directory, three relays, of which two are exits.
 *
 * ```ts
 * before(async function () {
 *   requireProgram(this, 'tor')
 *   network = await sharedNetwork()
 * })
 * ```
 */
export function sharedNetwork(): Promise<TorNetwork> {
  return shared({})
}

/** The network for clients: an authority, and three relays, of which two are exits. It needs tor-gencert too. */
export function sharedNetworkOfClients(): Promise<TorNetwork> {
  return shared({ authorities: 1, relays: 3, exits: 2 })
}

// This module is loaded while mocha collects specs, outside of any describe: the hook belongs to the whole run.
after('stop the shared tor networks', async function () {
  // A network that did not start has nothing to stop; the specs that asked for it have failed with the reason.
  await Promise.all(Array.from(networks.values(), async (network) => (await network.catch(() => undefined))?.stop()))
})
