/**
 * The keys of directory authorities: the identity key, whose fingerprint clients know, and the signing key, which the
 * identity key certifies and which signs consensus documents (dir-spec, "Creating key certificates").
 *
 * They take long to make and serve tests only, so that one process makes each pair once, when it is first asked for:
 * the first authorities of all networks in a process are the same.
 *
 * @module
 */
import { fingerprintOf } from './document-text.ts'
import { generateRsaKey } from '../identity/rsa-key.ts'
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

async function make(): Promise<AuthorityKeys> {
  const [identity, signing] = await Promise.all([generateRsaKey(2048), generateRsaKey(2048)])
  return {
    identity,
    signing,
    v3Identity: fingerprintOf(identity.fingerprint),
    signingKeyDigest: fingerprintOf(signing.fingerprint),
  }
}

/** The keys of this process with this number, from 0. */
export function authorityKeys(number: number): Promise<AuthorityKeys> {
  const known = made.get(number)
  if (known !== undefined) return known
  const keys = make()
  made.set(number, keys)
  // A failure is not remembered; whoever asked hears of it.
  keys.catch(() => made.delete(number))
  return keys
}

/** Numbers from here on are nobody's authority: {@link strangerKeys}. */
const STRANGERS = 1_000

/** Keys like those of an authority that no network of this process has. */
export const strangerKeys = (number: number): Promise<AuthorityKeys> => authorityKeys(STRANGERS + number)
