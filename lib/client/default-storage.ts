/**
 * Where a client keeps things whose user has not said where. What is known of one network is of no use in another, and
 * guards of the public one must outlive a look at a network of one's own: so each has a place of its own.
 *
 * @module
 */
import { sha256 } from '../base/hashes/sha256.ts'
import type { NetworkConfig } from '../directory/network/network-config.ts'
import { encodeHex } from '../directory/text/encoding.ts'
import type { Platform } from '../platform/platform.ts'
import { MemoryStorage, type Storage } from '../platform/storage/storage.ts'

/** How much of the hash of a network's identities is its place's name, in bytes. */
const NAME_SIZE = 8

/**
 * The runtime's own storage. For a network for tests it is memory: such networks come and go with the same authorities,
 * and relays of the last one would be waited for in vain.
 *
 * @param network the client's, or `'public'`
 */
export async function defaultStorage(
  network: 'public' | NetworkConfig,
  platform: Pick<Platform, 'storage'>,
): Promise<Storage> {
  if (network === 'public') return platform.storage()
  return network.testing === true ? new MemoryStorage() : platform.storage(placeOf(network))
}

/** The name of a network's place: whoever may sign its consensus makes it the network that it is. */
function placeOf({ authorities }: NetworkConfig): string {
  const identities = authorities.map(({ v3Identity }) => v3Identity).sort()
  return encodeHex(sha256(new TextEncoder().encode(identities.join(' '))).subarray(0, NAME_SIZE)).toLowerCase()
}
