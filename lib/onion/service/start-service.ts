/**
 * What a Tor client loads when it is to serve for the first time.
 *
 * @module
 */
import type { StreamOptions } from '../../stream/options.ts'
import type { ServiceNetwork } from '../network/service-network.ts'
import { OnionService } from './onion-service.ts'
import { checkServiceOptions, type OnionServiceOptions } from './service-options.ts'

/**
 * Begins a service.
 *
 * @param streamDefaults - what the client's streams have
 * @throws TypeError or RangeError naming the option; or TorError
 */
export async function startService(
  network: ServiceNetwork,
  options: OnionServiceOptions,
  { streams, readableType, linger, receiveBufferLimit }: StreamOptions,
): Promise<OnionService> {
  const checked = checkServiceOptions(options)
  // Without half-close nothing else tells a visitor where an answer ends.
  const own = { streams, readableType, linger, receiveBufferLimit, endOnClose: true }
  // What checks proofs is as large as the rest.
  const defence = checked.pow ? (await import('./introduction/work-defence.ts')).WorkDefence : undefined
  return await OnionService.start(network, checked, own, defence)
}
