/**
 * A verified consensus together with the microdescriptors that are there: the relays that paths can be made of.
 *
 * @module
 */
import type { LinkAddress } from '../platform/links/transport.ts'
import type { Relay } from '../relay.ts'
import type { Consensus } from './consensus.ts'
import type { FamilyMember } from './family.ts'
import { decodeHex } from './text/encoding.ts'
import type { Microdescriptor } from './microdescriptor.ts'
import type { PortPolicy } from './port-policy.ts'
import type { Protocols } from './protocols.ts'
import type { ConsensusRelay } from './relay-entry.ts'
import { RelayFlag, type RelayFlags } from './relay-flags.ts'
import { LOOKED_AT_A_SLICE, pauseForTasks, type SliceOptions } from '../base/waiting/slices.ts'

/** A relay, as the directory describes it. */
export interface DirectoryRelay extends Relay {
  /** The name that its operator gave it. Not unique. */
  readonly nickname: string
  /** Its RSA identity in 40 hex digits in upper case. */
  readonly fingerprint: string
  /** Bits of `RelayFlag`. */
  readonly flags: RelayFlags
  /** The weight of its bandwidth, in an arbitrary unit (about kilobytes a second). */
  readonly bandwidth: number
  /** True when `bandwidth` comes from measurements. */
  readonly measured: boolean
  /** Which subprotocols it speaks. */
  readonly protocols: Protocols
  /** To which ports at IPv4 addresses it lets streams out. */
  readonly exitPolicy: PortPolicy
  /** To which ports at IPv6 addresses it lets streams out. */
  readonly exitPolicyIPv6: PortPolicy
  /** What it says to be its family: fingerprints in 40 hex digits in upper case, and nicknames in lower case. */
  readonly family: readonly string[]
  /** The families that it proved to belong to, each by one opaque text. */
  readonly familyIds: readonly string[]
  /** True when it names `relay` in its {@link family}. */
  names(relay: FamilyMember): boolean
}

/** What clients may use: a relay without these is passed over (dir-spec section 5.4.1). */
const USABLE = RelayFlag.Running | RelayFlag.Valid

/**
 * Which relays of a consensus may be used, once their microdescriptor is there: those that run, are valid, have an
 * address, and about whose Ed25519 identity the authorities agree.
 */
export const isUsable = (relay: ConsensusRelay): boolean =>
  (relay.flags & (USABLE | RelayFlag.NoEdConsensus)) === USABLE && relay.isReachable

/**
 * What a client knows of its network. It never changes: a newer consensus, or more microdescriptors, make a new one.
 */
export class NetworkDirectory {
  readonly consensus: Consensus
  /** The usable relays whose microdescriptor is there, in ascending order of their fingerprints. */
  readonly relays: readonly DirectoryRelay[]
  /** The digests of the microdescriptors of usable relays that are not there, in base64 without padding. */
  readonly missing: readonly string[]

  /**
   * @param consensus a consensus that `verifyConsensus` and `checkLifetime` let pass
   * @param microdescriptors by their digests; those that no relay of the consensus has are passed over
   */
  constructor(
    consensus: Consensus,
    microdescriptors: ReadonlyMap<string, Microdescriptor>,
    listing: Listing = new Listing(consensus.relays, microdescriptors),
  ) {
    this.consensus = consensus
    this.relays = listing.relays.slice() // as long as it needs to be
    this.missing = [...listing.missing]
  }

  /** The same in slices, during which `microdescriptors` must not change. */
  static async inSlices(
    consensus: Consensus,
    microdescriptors: ReadonlyMap<string, Microdescriptor>,
    options: SliceOptions = {},
  ): Promise<NetworkDirectory> {
    const { pause = pauseForTasks } = options
    const listing = new Listing([], microdescriptors)
    for (let at = 0; at < consensus.relays.length; at += LOOKED_AT_A_SLICE) {
      if (at > 0) await pause()
      listing.add(consensus.relays.slice(at, at + LOOKED_AT_A_SLICE))
    }
    return new NetworkDirectory(consensus, microdescriptors, listing)
  }

  /**
   * The relay with this fingerprint (40 hex digits in upper case), if it is usable and its microdescriptor is there.
   */
  relay(fingerprint: string): DirectoryRelay | undefined {
    return findRelay(this.relays, fingerprint)
  }

  /**
   * A parameter of the network, brought between `min` and `max`; `fallback` when the consensus does not have it
   * (param-spec).
   */
  param(name: string, fallback: number, min: number, max: number): number {
    return Math.min(Math.max(this.consensus.params.get(name) ?? fallback, min), max)
  }
}

/** The relay with this fingerprint, of several that are in ascending order of theirs. */
export function findRelay<R extends Pick<ConsensusRelay, 'fingerprint'>>(
  relays: readonly R[],
  fingerprint: string,
): R | undefined {
  let low = 0
  let high = relays.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const relay = relays[middle] as R
    if (relay.fingerprint === fingerprint) return relay
    if (relay.fingerprint < fingerprint) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

/** What becomes of the relays of a consensus. */
class Listing {
  readonly relays: DirectoryRelay[] = []
  readonly missing: Set<string> = new Set()
  readonly #microdescriptors: ReadonlyMap<string, Microdescriptor>

  constructor(entries: readonly ConsensusRelay[], microdescriptors: ReadonlyMap<string, Microdescriptor>) {
    this.#microdescriptors = microdescriptors
    this.add(entries)
  }

  add(entries: readonly ConsensusRelay[]): void {
    for (const entry of entries) {
      if (!isUsable(entry)) continue
      const microdescriptor = this.#microdescriptors.get(entry.microdescriptorDigest)
      if (microdescriptor === undefined) this.missing.add(entry.microdescriptorDigest)
      else this.relays.push(new ListedRelay(entry, microdescriptor))
    }
  }
}

/** Two references for each relay, instead of a copy of what they say. */
class ListedRelay implements DirectoryRelay {
  readonly #entry: ConsensusRelay
  readonly #microdescriptor: Microdescriptor

  constructor(entry: ConsensusRelay, microdescriptor: Microdescriptor) {
    this.#entry = entry
    this.#microdescriptor = microdescriptor
  }

  get nickname(): string {
    return this.#entry.nickname
  }

  get fingerprint(): string {
    return this.#entry.fingerprint
  }

  get addresses(): readonly LinkAddress[] {
    return this.#entry.addresses
  }

  /** A fresh copy each time. */
  get rsaIdentity(): Uint8Array {
    return decodeHex(this.#entry.fingerprint) as Uint8Array
  }

  get ed25519Identity(): Uint8Array {
    return this.#microdescriptor.ed25519Identity
  }

  get ntorOnionKey(): Uint8Array {
    return this.#microdescriptor.ntorOnionKey
  }

  get flags(): RelayFlags {
    return this.#entry.flags
  }

  get bandwidth(): number {
    return this.#entry.bandwidth
  }

  get measured(): boolean {
    return this.#entry.measured
  }

  get protocols(): Protocols {
    return this.#entry.protocols
  }

  get exitPolicy(): PortPolicy {
    return this.#microdescriptor.exitPolicy
  }

  get exitPolicyIPv6(): PortPolicy {
    return this.#microdescriptor.exitPolicyIPv6
  }

  get family(): readonly string[] {
    return this.#microdescriptor.family
  }

  get familyIds(): readonly string[] {
    return this.#microdescriptor.familyIds
  }

  names(relay: FamilyMember): boolean {
    return this.#microdescriptor.names(relay)
  }
}
