/**
 * Which relays may not stand in one path because one operator may own both: a family, or a network that they share
 * (path-spec 2.2; proposal 321 for family ids).
 *
 * @module
 */
import { parseIPAddress } from '../../cell/ip-address.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { DirectoryView } from '../relays/directory-view.ts'

/** What is compared of a relay. */
export type KinRelay = Pick<DirectoryRelay, 'fingerprint' | 'nickname' | 'addresses' | 'familyIds' | 'names'>

/** Whether relays of one directory are kin. */
export class FamiliesAndSubnets {
  /** The networks that relays are in: the upper 16 bits of IPv4 addresses, 2^32 plus the upper 32 bits of IPv6 addresses. */
  readonly #networks = new WeakMap<KinRelay, readonly number[]>()
  readonly #comparesNetworks: boolean
  readonly #usesLists: boolean
  readonly #usesIds: boolean

  /** In a testing network (`testing`) relays may share a network: all of them are at one address. */
  constructor(directory: Pick<DirectoryView, 'param'>, options: { readonly testing: boolean }) {
    this.#comparesNetworks = !options.testing
    this.#usesLists = directory.param('use-family-lists', 1, 0, 1) === 1
    this.#usesIds = directory.param('use-family-ids', 1, 0, 1) === 1
  }

  /** True when `a` and `b` may not stand in one path: being the same relay is kin too. */
  areRelated(a: KinRelay, b: KinRelay): boolean {
    if (a === b || a.fingerprint === b.fingerprint) return true
    if (this.#usesIds && a.familyIds.some((id) => b.familyIds.includes(id))) return true
    // One alone cannot make the other its family.
    if (this.#usesLists && a.names(b) && b.names(a)) return true
    if (!this.#comparesNetworks) return false
    const ours = this.#networksOf(a)
    const theirs = this.#networksOf(b)
    return ours.some((network) => theirs.includes(network))
  }

  #networksOf(relay: KinRelay): readonly number[] {
    const known = this.#networks.get(relay)
    if (known !== undefined) return known
    const networks = relay.addresses
      .map(({ hostname }) => networkOf(hostname))
      .filter((network) => network !== undefined)
    this.#networks.set(relay, networks)
    return networks
  }
}

/** The /16 of an IPv4 address or the /32 of an IPv6 address as a number. */
function networkOf(hostname: string): number | undefined {
  const bytes = parseIPAddress(hostname)
  if (bytes === undefined) return undefined
  const [a, b, c, d] = bytes as unknown as [number, number, number, number]
  const upper = a * 0x100 + b
  return bytes.length === 4 ? upper : 0x1_0000_0000 + upper * 0x1_0000 + c * 0x100 + d
}
