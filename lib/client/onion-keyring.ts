/**
 * Which key a client has for which onion service. The keys are looked at as far as their form goes: what is needed to make
 * use of them is loaded with the first onion service.
 *
 * @module
 */
import { onionName } from './attach/refusals.ts'
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

/** The keys of one client, by the address of the service. */
export class OnionKeyring {
  readonly #keys = new Map<string, OnionClientKey>()

  /** @throws TypeError naming the option */
  constructor(keys: Readonly<Record<string, OnionClientKey>> = {}) {
    if (typeof keys !== 'object' || keys === null)
      throw new TypeError('Cannot use the option onionAuth as it is no object')
    for (const [address, key] of Object.entries(keys)) {
      const name = nameOf(address)
      if (name === undefined) throw new TypeError('Cannot use the option onionAuth as it names no onion service')
      this.#keys.set(name, checkOnionKey('onionAuth', key))
    }
  }

  /** The key for the service of this name, or of a name below it. */
  keyFor(name: string): OnionClientKey | undefined {
    return this.#keys.get(name.split('.').slice(-2).join('.'))
  }
}

/** `<56 letters>.onion` in lower case, which may be given without its end. */
function nameOf(address: string): string | undefined {
  const lower = address.toLowerCase()
  try {
    return onionName(lower.endsWith('.onion') ? lower : `${lower}.onion`)
      ?.split('.')
      .slice(-2)
      .join('.')
  } catch {
    return undefined // the message would be of an address to connect to
  }
}
