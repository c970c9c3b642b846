/**
 * A client's key for an onion service, as somebody gives it. It is looked at as far as its form goes: what is needed to make
 * use of it is loaded with the first onion service.
 *
 * @module
 */
import type { OnionClientKey } from './connect-options.ts'

const KEY_SIZE = 32

/** `descriptor:x25519:` and 52 letters, with an address ahead or with the letters alone; `x25519:` and base64. */
const KEY_TEXT = /^(?:(?:(?:[a-z2-7]{56}(?:\.onion)?:)?descriptor:x25519:)?[a-z2-7]{52}|x25519:[A-Za-z0-9+/]{43}=?)$/i

/**
 * Checks a key of a client.
 *
 * @throws TypeError naming the option
 */
export function checkOnionKey(option: string, key: unknown): OnionClientKey {
  const isKey =
    typeof key === 'string' ? KEY_TEXT.test(key.trim()) : key instanceof Uint8Array && key.length === KEY_SIZE
  if (isKey) return key as OnionClientKey
  throw new TypeError(`Cannot use the option ${option} as it is no key for an onion service`)
}
