/**
 * What a client knows of a Tor network before it has seen any of it: who may sign its directory, and who serves it.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { checkDirectoryServer, type DirectoryServer } from '../../relay.ts'

/** A directory authority. */
export interface Authority extends DirectoryServer {
  /** For people. */
  readonly nickname: string
  /** The fingerprint of the key that certifies what it signs consensuses with, in 40 hex digits in upper case. */
  readonly v3Identity: string
}

/** A Tor network. */
export interface NetworkConfig {
  /** More than half of them must sign a consensus. */
  readonly authorities: readonly Authority[]
  /** Asked for the directory ahead of the authorities; may be empty. */
  readonly fallbacks: readonly DirectoryServer[]
  /**
   * True for a network on private addresses: those are then no reason to refuse a relay or a target. By default false.
   */
  readonly testing?: boolean
}

const NETWORK_NAMES: OptionNames<NetworkConfig> = { authorities: true, fallbacks: true, testing: true }

/**
 * Checks a network that a caller gives.
 *
 * @throws TypeError or RangeError naming the argument and the field
 */
export function checkNetworkConfig(config: NetworkConfig, argument: string): void {
  if (typeof config !== 'object' || config === null) throw new TypeError(`Cannot use ${argument} as it is no network`)
  checkOptions(config, NETWORK_NAMES, argument)
  const { authorities, fallbacks, testing } = config
  if (!Array.isArray(authorities) || authorities.length === 0)
    throw new TypeError(`Cannot use ${argument} as it has no authorities`)
  if (!Array.isArray(fallbacks)) throw new TypeError(`Cannot use ${argument} as its fallbacks are no list`)
  if (testing !== undefined && typeof testing !== 'boolean')
    throw new TypeError(`Cannot use ${argument} as its testing is neither true nor false`)
  const identities = new Set<string>()
  for (const authority of authorities as readonly Authority[]) {
    checkDirectoryServer(authority, `${argument}.authorities`)
    const { v3Identity } = authority
    if (typeof v3Identity !== 'string' || !/^[0-9A-F]{40}$/.test(v3Identity)) {
      throw new TypeError(
        `Cannot use ${argument} as the v3Identity of an authority must be 40 hex digits in upper case`,
      )
    }
    if (identities.has(v3Identity))
      throw new RangeError(`Cannot use ${argument} as two authorities have the v3Identity ${v3Identity}`)
    identities.add(v3Identity)
  }
  for (const fallback of fallbacks as readonly DirectoryServer[])
    checkDirectoryServer(fallback, `${argument}.fallbacks`)
}
