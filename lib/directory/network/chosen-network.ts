/**
 * The network that a caller chose.
 *
 * @module
 */
import { checkNetworkConfig, type NetworkConfig } from './network-config.ts'

/**
 * The public network by its name, or one that a caller describes. The public one's relays are loaded when they are needed:
 * they are a tenth of what a page would load.
 *
 * @throws TypeError (as a rejection) naming the option `network`
 */
export async function chosenNetwork(given: 'public' | NetworkConfig = 'public'): Promise<NetworkConfig> {
  if (given === 'public') return (await import('./public-network.ts')).publicNetwork()
  checkNetworkConfig(given, 'network')
  return given
}
