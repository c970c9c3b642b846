/**
 * How much a relay counts for a position in a path: its bandwidth times what the consensus gives relays of its kind for
 * that position (dir-spec 3.8.3; path-spec 2.2 and 5.1).
 *
 * Guard fractions (proposal 236) are not taken into account: no consensus has them.
 *
 * @module
 */
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import type { DirectoryView } from './directory-view.ts'

/** A place in a path. */
export type Position = 'guard' | 'middle' | 'exit'

/** What a position's four weights are called: for relays that are Guard only, neither, Exit only, both. */
const WEIGHT_NAMES: Readonly<Record<Position, readonly (string | undefined)[]>> = {
  // A relay that is an exit and no guard is never chosen as a guard: it has no weight.
  guard: ['Wgg', 'Wgm', undefined, 'Wgd'],
  middle: ['Wmg', 'Wmm', 'Wme', 'Wmd'],
  exit: ['Weg', 'Wem', 'Wee', 'Wed'],
}

/** The weights that relays with a directory port are multiplied by beside, in the same order. */
const DIRECTORY_NAMES = ['Wgb', 'Wmb', 'Web', 'Wdb'] as const

/** The largest scale that a consensus can set. */
const MAX_SCALE = 0x7fff_ffff

/** The weights of one consensus. */
export class PositionWeights {
  /** By position, then by the relay's kind. */
  readonly #factors: Readonly<Record<Position, readonly number[]>>

  constructor(directory: Pick<DirectoryView, 'consensus' | 'param'>) {
    const scale = directory.param('bwweightscale', 10_000, 1, MAX_SCALE)
    const weights = directory.consensus.bandwidthWeights
    this.#factors = {
      guard: factorsOf('guard', weights, scale),
      middle: factorsOf('middle', weights, scale),
      exit: factorsOf('exit', weights, scale),
    }
  }

  /** What a relay counts for a position. Only how these compare means something. Not negative; not always whole. */
  weigh(relay: Pick<ConsensusRelay, 'flags' | 'bandwidth'>, position: Position): number {
    return relay.bandwidth * (this.#factors[position][kindOf(relay.flags)] as number)
  }
}

/** The index into a position's factors: 0 Guard only, 1 neither, 2 Exit only, 3 both; 4 more with a directory port. */
function kindOf(flags: number): number {
  const isGuard = (flags & RelayFlag.Guard) !== 0
  const isExit = (flags & (RelayFlag.Exit | RelayFlag.BadExit)) === RelayFlag.Exit
  const kind = isGuard ? (isExit ? 3 : 0) : isExit ? 2 : 1
  return (flags & RelayFlag.V2Dir) === 0 ? kind : kind + 4
}

/**
 * A position's factors. When any of its weights is missing or negative none of them is used, and each relay counts with
 * its whole bandwidth, as in C tor; one that is above the scale counts as the scale.
 */
function factorsOf(position: Position, weights: ReadonlyMap<string, number>, scale: number): readonly number[] {
  const named = (name: string | undefined): number =>
    name === undefined ? 0 : Math.min(weights.get(name) ?? -1, scale)
  const plain = WEIGHT_NAMES[position].map(named)
  const directory = DIRECTORY_NAMES.map(named)
  // Negated, so that NaN counts as missing too.
  if (![...plain, ...directory].every((weight) => weight >= 0)) return Array.from({ length: 8 }, () => scale)
  return [...plain, ...plain.map((weight, kind) => (weight * (directory[kind] as number)) / scale)]
}
