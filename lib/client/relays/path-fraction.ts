/**
 * How much of the network a directory describes: the part of all paths that can be built, by weight (path-spec,
 * "Getting enough directory information"; C tor's `compute_frac_paths_available`).
 *
 * Counting relays would let whoever serves the descriptions choose: all exits but one are few relays.
 *
 * @module
 */
import { isUsable } from '../../directory/network-directory.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import { canBeGuard, canBeHop } from './usable-relays.ts'
import { PositionWeights, type Position } from './weights.ts'

/** What part of the paths must be there, in percent, unless the consensus says otherwise; and what it may say. */
const ENOUGH = 60
const LEAST_ENOUGH = 25
const MOST_ENOUGH = 95

const EXIT_FLAGS = RelayFlag.Exit | RelayFlag.BadExit | RelayFlag.MiddleOnly

/** The policy of an exit is in its description; so every relay with the flag counts. */
const isExit = ({ flags }: ConsensusRelay): boolean => (flags & EXIT_FLAGS) === RelayFlag.Exit

/** What part of the paths a client needs before it builds any, from 0.25 to 0.95. */
export function neededFraction(directory: Pick<NetworkDirectory, 'param'>): number {
  return directory.param('min_paths_for_circs_pct', ENOUGH, LEAST_ENOUGH, MOST_ENOUGH) / 100
}

/**
 * The part of all paths, by weight, whose relays are described, from 0 to 1: the product of the parts of the guards, the
 * middles and the exits. In a network without exits the middles count twice, as in C tor. Where a position has no relay
 * at all nothing is missing for it; that there is no path is for the choice of paths to say.
 */
export function describedFraction(directory: NetworkDirectory): number {
  if (directory.missing.length === 0) return 1
  const missing = new Set(directory.missing)
  const weights = new PositionWeights(directory)
  const hops = directory.consensus.relays.filter((relay) => isUsable(relay) && canBeHop(relay))
  const part = (relays: readonly ConsensusRelay[], position: Position): number => {
    const described = relays.filter(({ microdescriptorDigest }) => !missing.has(microdescriptorDigest))
    if (described.length === relays.length) return 1
    const sum = (some: readonly ConsensusRelay[]): number =>
      some.reduce((total, relay) => total + weights.weigh(relay, position), 0)
    const total = sum(relays)
    return total > 0 ? sum(described) / total : described.length / relays.length
  }
  const middles = part(hops, 'middle')
  const exits = hops.filter(isExit)
  return part(hops.filter(canBeGuard), 'guard') * middles * (exits.length === 0 ? middles : part(exits, 'exit'))
}
