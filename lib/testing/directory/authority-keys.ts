/**
 * The keys of directory authorities: the identity key, whose fingerprint clients know, and the signing key, which the
 * identity key certifies and which signs consensus documents (dir-spec, "Creating key certificates").
 *
 * They take long to make and serve tests only, so the first ones stand in the source, for anybody to see, and one process
 * makes each other pair once, when it is first asked for: the first authorities of all networks are the same.
 *
 * @module
 */
import { AUTHORITY_PRIMES, PRIME_SIZE } from './authority-primes.ts'
import { fingerprintOf } from './document-text.ts'
import { generateRsaKey, rsaKeyOf } from '../identity/rsa-key.ts'
import type { RsaKey } from '../identity/rsa-key.ts'

/** The two keys of one authority, 2,048 bits each. */
export interface AuthorityKeys {
  /** Signs key certificates. */
  readonly identity: RsaKey
  /** Signs consensus documents. */
  readonly signing: RsaKey
  /** The fingerprint of {@link identity}, 40 hexadecimal digits in upper case. */
  readonly v3Identity: string
  /** The fingerprint of {@link signing}, likewise. */
  readonly signingKeyDigest: string
}

const made = new Map<number, Promise<AuthorityKeys>>()

/** The key of primes in base64, one behind the other; a new one without. */
async function keyOf(primes: string | undefined): Promise<RsaKey> {
  if (primes === undefined) return generateRsaKey(2048)
  const bytes = Uint8Array.from(atob(primes), (character) => character.charCodeAt(0))
  const count = bytes.length / PRIME_SIZE
  return rsaKeyOf(...Array.from({ length: count }, (_, at) => bytes.subarray(at * PRIME_SIZE, (at + 1) * PRIME_SIZE)))
}

async function make(number: number): Promise<AuthorityKeys> {
  const primes = AUTHORITY_PRIMES[number]
  const [identity, signing] = await Promise.all([keyOf(primes?.[0]), keyOf(primes?.[1])])
  return {
    identity,
    signing,
    v3Identity: fingerprintOf(identity.fingerprint),
    signingKeyDigest: fingerprintOf(signing.fingerprint),
  }
}

/** The keys with this number, from 0. */
export function authorityKeys(number: number): Promise<AuthorityKeys> {
  const known = made.get(number)
  if (known !== undefined) return known
  const keys = make(number)
  made.set(number, keys)
  // A failure is not remembered; whoever asked hears of it.
  keys.catch(() => made.delete(number))
  return keys
}

/** Numbers from here on are nobody's authority: {@link strangerKeys}. */
const STRANGERS = 1_000

/** Keys like those of an authority that no network has. */
export const strangerKeys = (number: number): Promise<AuthorityKeys> => authorityKeys(STRANGERS + number)
