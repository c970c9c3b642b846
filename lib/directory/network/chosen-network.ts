/**
 * The network that a caller chose.
 *
 * @module
 */
import { checkNetworkConfig, type NetworkConfig } from './network-config.ts'

/**
 * A network that a caller describes, or the public one by its name. That one's relays are loaded when they are needed: they
 * are a tenth of what a page would load.
 *
 * @throws TypeError naming the option `network`
 */
export function chosenNetwork(given: 'public' | NetworkConfig = 'public'): NetworkConfig | Promise<NetworkConfig> {
  if (given === 'public') return import('./public-network.ts').then(({ publicNetwork }) => publicNetwork())
  checkNetworkConfig(given, 'network')
  return given
}
