/**
 * The relay cryptography of the hop that is an onion service, or its client (rend-spec-v3, "Rendezvous protocol"): as at
 * other hops, with SHA3-256 in place of SHA-1 and AES-256 in place of AES-128.
 *
 * @module
 */
import type { Platform } from '../../platform/platform.ts'
import type { HopCrypto } from './hop-crypto.ts'

/** Bytes of Df, Db, Kf and Kb each. */
const PART_SIZE = 32

/**
 * Both directions: forward is away from this end. What a client sends with is what its service receives with.
 *
 * @param role - which end this is
 * @param keys - the 128 bytes that hs-ntor gave. The caller may overwrite them afterwards
 */
export function serviceHop(
  keys: Uint8Array,
  platform: Pick<Platform, 'keystream' | 'sha3Digest'>,
  role: 'client' | 'service' = 'client',
): HopCrypto {
  if (keys.length !== 4 * PART_SIZE) throw new RangeError(`"keys" must have ${4 * PART_SIZE} bytes: got ${keys.length}`)
  // A copy each: the platform may still read its key after this returns.
  const part = (at: number): Uint8Array => new Uint8Array(keys.subarray(at * PART_SIZE, (at + 1) * PART_SIZE))
  const ofClient = { digest: platform.sha3Digest(part(0)), keystream: platform.keystream(part(2)) }
  const ofService = { digest: platform.sha3Digest(part(1)), keystream: platform.keystream(part(3)) }
  return role === 'client' ? { forward: ofClient, backward: ofService } : { forward: ofService, backward: ofClient }
}
