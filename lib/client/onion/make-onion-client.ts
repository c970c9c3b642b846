/**
 * What a Tor client loads when it meets its first onion service.
 *
 * @module
 */
import { OnionClient } from '../../onion/client/onion-client.ts'
import type { WorkOptions } from '../../onion/client/client-work.ts'
import { OnionCircuits, type OnionCircuitsOptions } from './onion-circuits.ts'

/** The client of onion services that goes by these circuits. */
export const makeOnionClient = (options: OnionCircuitsOptions, work: WorkOptions | undefined): OnionClient =>
  new OnionClient(new OnionCircuits(options), work)
