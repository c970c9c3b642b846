import type { Consensus } from '../../../lib/directory/consensus.ts'
import type { Microdescriptor } from '../../../lib/directory/microdescriptor.ts'
import { NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { parsePortPolicy } from '../../../lib/directory/port-policy.ts'
import { NO_PROTOCOLS, parseProtocols, type Protocols } from '../../../lib/directory/protocols.ts'
import type { ConsensusRelay } from '../../../lib/directory/relay-entry.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import type { Random } from '../../../lib/base/random.ts'

export type FlagName = keyof typeof RelayFlag

/** What is said of a generated relay; the rest is what most relays are. */
export interface RelayPlan {
  /** @default its place in the network, in hex digits */
  readonly fingerprint?: string
  readonly nickname?: string
  /** @default addresses that share no network with another generated relay's */
  readonly addresses?: readonly string[]
  /** Beside Running, Valid, Fast, Stable and V2Dir. */
  readonly flags?: readonly FlagName[]
  /** Of those that it would have. */
  readonly without?: readonly FlagName[]
  /** @default 1000 */
  readonly bandwidth?: number
  /** @default everything for an exit, else nothing */
  readonly exitPolicy?: string
  readonly exitPolicyIPv6?: string
  readonly family?: readonly string[]
  readonly familyIds?: readonly string[]
  readonly protocols?: string
  /** @default true */
  readonly hasMicrodescriptor?: boolean
}

export interface DirectoryPlan {
  readonly params?: Readonly<Record<string, number>>
  /** @default WEIGHTS; none for an empty record */
  readonly weights?: Readonly<Record<string, number>>
  /** When it becomes valid, in ms. @default EPOCH */
  readonly validAfter?: number
}

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** When generated consensuses become valid, unless told otherwise. They are fresh for an hour and valid for three. */
export const EPOCH: number = Date.UTC(2026, 0, 1)

/** Weights of a network in which exits are scarce, in no round numbers. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  Wbd: 1111,
  Wbe: 2222,
  Wbg: 3333,
  Wbm: 10000,
  Wdb: 10000,
  Web: 10000,
  Wed: 9123,
  Wee: 9999,
  Weg: 9123,
  Wem: 9999,
  Wgb: 10000,
  Wgd: 877,
  Wgg: 6217,
  Wgm: 6217,
  Wmb: 10000,
  Wmd: 411,
  Wme: 137,
  Wmg: 3783,
  Wmm: 10000,
}

const PROTOCOLS =
  'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4'
const FLAGS: readonly FlagName[] = ['Running', 'Valid', 'Fast', 'Stable', 'V2Dir']

const parsed = new Map<string, Protocols>()

/** The relay at place `index` of a network has this fingerprint, unless told otherwise. */
export const fingerprintAt = (index: number): string => (index + 1).toString(16).toUpperCase().padStart(40, '0')

/** A directory of these relays. */
export function generatedDirectory(plans: readonly RelayPlan[], plan: DirectoryPlan = {}): NetworkDirectory {
  const { params = {}, weights = WEIGHTS, validAfter = EPOCH } = plan
  const relays = plans.map(consensusRelay)
  const microdescriptors = new Map<string, Microdescriptor>()
  for (const [index, relay] of relays.entries()) {
    const relayPlan = plans[index] as RelayPlan
    if (relayPlan.hasMicrodescriptor !== false)
      microdescriptors.set(relay.microdescriptorDigest, microdescriptor(relayPlan, relay))
  }
  const consensus: Consensus = {
    method: 34,
    validAfter,
    freshUntil: validAfter + HOUR,
    validUntil: validAfter + 3 * HOUR,
    params: new Map(Object.entries(params)),
    sharedRandom: { current: undefined, previous: undefined },
    requiredClientProtocols: NO_PROTOCOLS,
    recommendedClientProtocols: NO_PROTOCOLS,
    relays: relays.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    bandwidthWeights: new Map(Object.entries(weights)),
    signatures: [],
    digests: new Map(),
  }
  return new NetworkDirectory(consensus, microdescriptors)
}

/**
 * Many relays of all kinds, with bandwidths from 200 to 1,000 that differ; every third is a guard, every fourth an
 * exit.
 */
export function generatedNetwork(count: number, random: Random): RelayPlan[] {
  return Array.from({ length: count }, (_, index) => {
    const flags: FlagName[] = []
    if (index % 3 === 0) flags.push('Guard')
    if (index % 4 === 0) flags.push('Exit')
    return { flags, bandwidth: 200 + random(801) }
  })
}

function consensusRelay(plan: RelayPlan, index: number): ConsensusRelay {
  const fingerprint = plan.fingerprint ?? fingerprintAt(index)
  const names = [...FLAGS, ...(plan.flags ?? [])].filter((name) => plan.without?.includes(name) !== true)
  const addresses = plan.addresses ?? [`${(index >>> 8) + 1}.${index & 0xff}.0.1`, `2001:${index.toString(16)}::1`]
  return {
    nickname: plan.nickname ?? `relay${index}`,
    fingerprint,
    addresses: addresses.map((hostname) => ({ hostname, port: 9001 })),
    isReachable: addresses.length > 0,
    flags: names.reduce((bits, name) => bits | RelayFlag[name], 0),
    microdescriptorDigest: fingerprint.padStart(43, 'm'),
    bandwidth: plan.bandwidth ?? 1000,
    measured: true,
    protocols: protocols(plan.protocols ?? PROTOCOLS),
  }
}

function microdescriptor(plan: RelayPlan, relay: ConsensusRelay): Microdescriptor {
  const byDefault = (relay.flags & RelayFlag.Exit) === 0 ? 'reject 1-65535' : 'accept 1-65535'
  const policy = (text: string): Microdescriptor['exitPolicy'] => parsePortPolicy(text) ?? fail(text)
  return {
    digest: relay.microdescriptorDigest,
    ntorOnionKey: new Uint8Array(32).fill(1),
    ed25519Identity: new Uint8Array(32).fill(2),
    exitPolicy: policy(plan.exitPolicy ?? byDefault),
    exitPolicyIPv6: policy(plan.exitPolicyIPv6 ?? 'reject 1-65535'),
    family: plan.family ?? [],
    familyIds: plan.familyIds ?? [],
    names: ({ fingerprint, nickname }) =>
      plan.family?.includes(fingerprint) === true || plan.family?.includes(nickname.toLowerCase()) === true,
  }
}

function protocols(text: string): Protocols {
  const known = parsed.get(text) ?? parseProtocols(text) ?? fail(text)
  parsed.set(text, known)
  return known
}

function fail(text: string): never {
  throw new Error(`A plan of a relay has what cannot be read: ${text}`)
}
