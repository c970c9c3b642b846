/**
 * Onion addresses of version 3: 32 bytes of public key, 2 of checksum and the version, in base32 (rend-spec-v3,
 * "Encoding onion addresses").
 *
 * @module
 */
import { constantTimeEqual } from '../../cell/bytes.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { Point } from './edwards25519.ts'
import { sha3 } from '../hashing.ts'
import { decodeBase32, encodeBase32 } from './base32.ts'

const VERSION = 3
const KEY_SIZE = 32
const CHECKSUM_SIZE = 2

/** What is ahead of the last label is for whoever speaks to the service: Tor itself drops it. No label is empty. */
const NAME = /^(?:[^.]+\.)*([a-z2-7]{56})\.onion$/i

/** Why a name is no address of an onion service; the checksum also tells most typing errors. */
export type AddressFault = 'form' | 'version' | 'checksum' | 'key'

/** The public key that a name leads to: `<56 letters>.onion`, with or without subdomains. Or why there is none. */
export function parseOnionAddress(name: string): Uint8Array<ArrayBuffer> | AddressFault {
  const label = NAME.exec(name)?.[1]
  const bytes = label === undefined ? undefined : decodeBase32(label)
  if (bytes === undefined) return 'form'
  const key = bytes.slice(0, KEY_SIZE)
  if (bytes[KEY_SIZE + CHECKSUM_SIZE] !== VERSION) return 'version'
  if (!constantTimeEqual(bytes.subarray(KEY_SIZE, KEY_SIZE + CHECKSUM_SIZE), checksumOf(key))) return 'checksum'
  return isServiceKey(key) ? key : 'key'
}

/** The address of a service with this public key: `<56 letters>.onion`. */
export function formatOnionAddress(key: Uint8Array): string {
  return `${encodeBase32(joinBytes([key, checksumOf(key), Uint8Array.of(VERSION)]))}.onion`
}

/**
 * True for a point of the large subgroup. A key with a part of small order would give one service several addresses, and
 * whoever compares addresses could be deceived.
 */
function isServiceKey(key: Uint8Array): boolean {
  try {
    const point = Point.fromBytes(key)
    return !point.is0() && point.isTorsionFree()
  } catch {
    return false // no point, or not in its one encoding
  }
}

const checksumOf = (key: Uint8Array): Uint8Array =>
  sha3('.onion checksum', key, Uint8Array.of(VERSION)).subarray(0, CHECKSUM_SIZE)
