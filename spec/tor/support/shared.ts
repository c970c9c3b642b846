/**
 * The one network that all specs of a run share: it starts when the first of them asks for it and stops when all are
 * done.
 *
 * @module
 */
import { TorNetwork } from './network.ts'

let network: Promise<TorNetwork> | undefined

/**
 * The shared network: no directory, three relays, of which two are exits. Nobody may kill one of its relays.
 *
 * ```ts
 * before(async function () {
 *   requireProgram(this, 'tor')
 *   network = await sharedNetwork()
 * })
 * ```
 */
export function sharedNetwork(): Promise<TorNetwork> {
  network ??= TorNetwork.start()
  return network
}

// This module is loaded while mocha collects specs, outside of any describe: the hook belongs to the whole run.
after('stop the shared tor network', async function () {
  // A network that did not start has nothing to stop; the specs that asked for it have failed with the reason.
  await (await network?.catch(() => undefined))?.stop()
})
