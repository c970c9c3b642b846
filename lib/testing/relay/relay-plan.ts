/**
 * What a relay of a test network is to be: where it listens, and what the directory says of it.
 *
 * @module
 */
import { formatIPAddress, parseIPAddress } from '../../cell/ip-address.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { ExitHandler, ResolveHandler } from '../exit/exit.ts'
import { REJECT_ALL } from '../directory/microdescriptor-writer.ts'

/**
 * What the consensus and the microdescriptor say of a relay, beside its keys and addresses. Each is a knob: the next
 * document that is served has it.
 */
export interface RelayListing {
  /** The flags of the `s` line, in any order. A relay without `V2Dir` refuses BEGIN_DIR. */
  flags: readonly string[]
  /** Kilobytes a second. */
  bandwidth: number
  /** False for `Unmeasured=1`. */
  measured: boolean
  /**
   * The summary of its exit policy, as `accept 80,443` or `reject 25`. It holds: BEGIN to other ports ends with
   * EXITPOLICY.
   */
  exitPolicy: string
  /** The same for IPv6; undefined rejects everything. */
  exitPolicyIPv6: string | undefined
  /**
   * The `family` line: nicknames of relays of the network, which are written as fingerprints, or entries of one's own.
   * A family is one only where both relays name each other.
   */
  family: readonly string[]
  /** The `family-ids` line, as it is. */
  familyIds: readonly string[]
  /** The `v` line. */
  version: string
  /** The `pr` line. */
  protocols: string
  /** Whether the microdescriptor has the old TAP onion key, which nobody uses any more. */
  tapKey: boolean
}

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
  `Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=${flowControl} Link=3-5 LinkAuth=3 Microdesc=1-3 Relay=2-4`

const ACCEPT_ALL = 'accept 1-65535'
const COMMON_FLAGS = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid']

/** A dotted IPv4 or an IPv6 address in its one form, so that addresses can be compared as text. */
function canonical(address: LinkAddress, nickname: string, size: 4 | 16): LinkAddress {
  const bytes = parseIPAddress(address.hostname)
  if (bytes?.length !== size)
    throw new TypeError(
      `Cannot start relay ${nickname} as its address is no IPv${size === 4 ? 4 : 6} address: ${address.hostname}`,
    )
  return { hostname: formatIPAddress(bytes), port: address.port }
}

/**
 * Fills in the defaults.
 *
 * @throws TypeError or RangeError when nickname, address or bandwidth are none
 */
export function completePlan(plan: RelayPlan, defaults: PlanDefaults): CompletePlan {
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

/** Whether a relay connects streams to a port, by its summaries for IPv4 and IPv6 together. @internal */
export function allowsPort({ exitPolicy, exitPolicyIPv6 = REJECT_ALL }: RelayListing, port: number): boolean {
  return [exitPolicy, exitPolicyIPv6].some((summary) => {
    const { accepts, ranges } = parsePolicy(summary)
    return ranges.some(([from, to]) => port >= from && port <= to) === accepts
  })
}

function parsePolicy(summary: string): {
  readonly accepts: boolean
  readonly ranges: readonly (readonly [number, number])[]
} {
  const match = /^(accept|reject) (\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(summary)
  if (match === null) throw new TypeError(`Cannot use an exit policy that is no summary of ports: ${summary}`)
  const ranges = (match[2] as string).split(',').map((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?]
    return [from, to] as const
  })
  return { accepts: match[1] === 'accept', ranges }
}
