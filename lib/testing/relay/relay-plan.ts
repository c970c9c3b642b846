/**
 * What a relay of a test network is to be: where it listens, and what the directory is to say of it.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { formatIPAddress, parseIPAddress } from '../../cell/ip-address.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { ExitHandler, ResolveHandler } from '../exit/exit.ts'
import { REJECT_ALL } from '../directory/microdescriptor-writer.ts'
import { parsePolicy, type RelayListing } from '../directory/relay-listing.ts'

/** A relay to start. Whatever is left out has a default. */
export interface RelayPlan extends Partial<RelayListing> {
  /**
   * 1 to 19 letters and digits.
   *
   * @default `test1`, `test2` and so on
   */
  readonly nickname?: string
  /**
   * Where it listens, an IPv4 address that exists only within the network.
   *
   * @default one of 192.0.2.0/24
   */
  readonly address?: LinkAddress
  /** Where it listens as well; none by default. */
  readonly ipv6Address?: LinkAddress
  /** What it connects streams to; the network's own way by default. */
  readonly exit?: ExitHandler
  /** How it answers RESOLVE; the network's own way by default. */
  readonly resolve?: ResolveHandler
}

const PLAN_NAMES: OptionNames<RelayPlan> = {
  nickname: true,
  address: true,
  ipv6Address: true,
  exit: true,
  resolve: true,
  flags: true,
  bandwidth: true,
  measured: true,
  exitPolicy: true,
  exitPolicyIPv6: true,
  family: true,
  familyIds: true,
  version: true,
  protocols: true,
  tapKey: true,
}

/** What a plan does not say. @internal */
export interface PlanDefaults {
  readonly nickname: string
  readonly address: LinkAddress
  /** Whether the relays of the network speak it. */
  readonly congestionControl: boolean
}

/** A plan with nothing left out but what the network decides. @internal */
export interface CompletePlan {
  readonly nickname: string
  readonly address: LinkAddress
  readonly ipv6Address: LinkAddress | undefined
  readonly exit: ExitHandler | undefined
  readonly resolve: ResolveHandler | undefined
  readonly listing: RelayListing
}

/** What tor 0.4.9.11 speaks, without what test relays do not. */
const protocolsWith = (flowControl: string): string =>
  `Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=${flowControl} HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Relay=2-4`

const ACCEPT_ALL = 'accept 1-65535'
const COMMON_FLAGS = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid']

/** A dotted IPv4 or an IPv6 address in its one form, so that addresses can be compared as text. */
function canonical(address: LinkAddress, nickname: string, size: 4 | 16): LinkAddress {
  const bytes = parseIPAddress(address.hostname)
  if (bytes?.length !== size)
    throw new TypeError(`Cannot start relay ${nickname} as its address is no IPv${size === 4 ? 4 : 6} address`)
  return { hostname: formatIPAddress(bytes), port: address.port }
}

/**
 * Fills in the defaults.
 *
 * @throws TypeError or RangeError when nickname, address or bandwidth are none
 */
export function completePlan(plan: RelayPlan, defaults: PlanDefaults): CompletePlan {
  checkOptions(plan, PLAN_NAMES, 'relays')
  const { nickname = defaults.nickname, exitPolicy = ACCEPT_ALL, bandwidth = 1_000 } = plan
  if (!/^[A-Za-z0-9]{1,19}$/.test(nickname))
    throw new TypeError(`Cannot start a relay as "nickname" must be 1 to 19 letters and digits: ${nickname}`)
  if (!(Number.isInteger(bandwidth) && bandwidth >= 0 && bandwidth <= 0xffff_ffff)) {
    throw new RangeError(`Cannot start relay ${nickname} as "bandwidth" is no number of kilobytes: ${bandwidth}`)
  }
  parsePolicy(exitPolicy)
  parsePolicy(plan.exitPolicyIPv6 ?? REJECT_ALL)
  return {
    nickname,
    address: canonical(plan.address ?? defaults.address, nickname, 4),
    ipv6Address: plan.ipv6Address === undefined ? undefined : canonical(plan.ipv6Address, nickname, 16),
    exit: plan.exit,
    resolve: plan.resolve,
    listing: {
      flags: plan.flags ?? [...COMMON_FLAGS, 'Guard', 'HSDir', ...(exitPolicy === REJECT_ALL ? [] : ['Exit'])],
      bandwidth,
      measured: plan.measured ?? true,
      exitPolicy,
      exitPolicyIPv6: plan.exitPolicyIPv6,
      family: plan.family ?? [],
      familyIds: plan.familyIds ?? [],
      version: plan.version ?? 'Tor 0.4.9.11',
      protocols: plan.protocols ?? protocolsWith(defaults.congestionControl ? '1-2' : '1'),
      tapKey: plan.tapKey ?? true,
    },
  }
}

/** What the relay of an authority is: no guard and no exit. @internal */
export const authorityPlan: RelayPlan = { exitPolicy: REJECT_ALL, flags: ['Authority', ...COMMON_FLAGS], bandwidth: 10 }
