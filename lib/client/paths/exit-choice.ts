/**
 * Which relays may be the exit of a circuit (path-spec 2.2, 2.2.1).
 *
 * @module
 */
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import { parseIPv6 } from '../../cell/ip-address.ts'
import type { StreamOptions } from '../../stream/options.ts'
import type { LearnedPolicies } from './learned-policies.ts'

/** Ports of connections that last: the relays of their circuits should be Stable. C tor's `LongLivedPorts`. */
export const LONG_LIVED_PORTS: ReadonlySet<number> = /* @__PURE__ */ new Set([
  21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300,
])

/** What an exit is needed for. */
export interface ExitRequirements {
  /** The ports to connect to; each must be allowed. None for an exit that only looks up names. */
  readonly ports: readonly number[]
  /** Which kind of address is connected to, where that is known. A name counts as IPv4, as in C tor. */
  readonly family?: 4 | 6 | undefined
  /** The name or address to connect to: exits that have refused it are left out. */
  readonly host?: string | undefined
  /** The user's own condition. It is asked last, of those that are left. */
  readonly exit?: ((relay: DirectoryRelay) => boolean) | undefined
  /** Fingerprints of exits that are not to be used. */
  readonly excludedExits?: ReadonlySet<string> | undefined
}

/** Exits that fit; or, when there are none, what left none. */
export interface ExitCandidates {
  readonly relays: readonly DirectoryRelay[]
  /** A sentence's end, such as "none of 3 exits allows port 25". Undefined when some fit. */
  readonly reason: string | undefined
}

/** True when a relay may be an exit at all. */
export function isExit({ flags, exitPolicy, exitPolicyIPv6 }: DirectoryRelay): boolean {
  if ((flags & (RelayFlag.Exit | RelayFlag.BadExit | RelayFlag.MiddleOnly)) !== RelayFlag.Exit) return false
  return !exitPolicy.rejectsAll || !exitPolicyIPv6.rejectsAll
}

/** What an exit must meet, the caller's own condition last; `what` is how a sentence ends that none does. */
export type ExitCondition = readonly [what: string, fits: (relay: DirectoryRelay) => boolean]

/** The conditions of these requirements. */
export function exitConditions(requirements: ExitRequirements, learned: LearnedPolicies): readonly ExitCondition[] {
  const { ports, family, host, exit, excludedExits } = requirements
  return [
    [`allows ${describePorts(ports, family)}`, (relay) => allowsPorts(relay, ports, family)],
    ['that allow it may be used', ({ fingerprint }) => excludedExits?.has(fingerprint) !== true],
    ['that allow it has not refused it lately', ({ fingerprint }) => learned.allows(fingerprint, ports, host)],
    ['that are left meets the condition of the caller', (relay) => exit === undefined || exit(relay)],
  ]
}

/** Those of `exits` that meet all conditions; each of them is an exit ({@link isExit}). */
export function exitsFor(conditions: readonly ExitCondition[], exits: readonly DirectoryRelay[]): ExitCandidates {
  let relays = exits
  if (relays.length === 0) return { relays, reason: 'the directory has no exit' }
  for (const [what, fits] of conditions) {
    const fitting = relays.filter(fits)
    if (fitting.length === 0) return { relays: [], reason: `none of the ${relays.length} exits ${what}` }
    relays = fitting
  }
  return { relays, reason: undefined }
}

/** True when the relay lets out streams to all of these ports; without any, when it lets out some. */
function allowsPorts(
  { exitPolicy, exitPolicyIPv6 }: DirectoryRelay,
  ports: readonly number[],
  family: 4 | 6 | undefined,
): boolean {
  const policy = family === 6 ? exitPolicyIPv6 : exitPolicy
  return ports.length === 0 ? family === undefined || !policy.rejectsAll : ports.every((port) => policy.allows(port))
}

function describePorts(ports: readonly number[], family: 4 | 6 | undefined): string {
  const over = family === undefined ? '' : ` over IPv${family}`
  return ports.length === 0 ? `streams${over}` : `port ${ports.join(' and ')}${over}`
}

/** The kind of address that the exit's policy is asked about. */
export function familyOf(host: string, { addressFamily }: Pick<StreamOptions, 'addressFamily'>): 4 | 6 | undefined {
  return parseIPv6(host) || addressFamily === 'ipv6' ? 6 : 4
}
