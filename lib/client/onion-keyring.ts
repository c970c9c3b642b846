/**
 * Which key a client has for which onion service. It is loaded where some were given.
 *
 * @module
 */
import { onionName } from './attach/refusals.ts'
import type { OnionClientKey } from './connect-options.ts'
import { checkOnionKey } from './onion-key.ts'

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
