/**
 * The relays of a consensus that can be guards: thousands, looked for once.
 *
 * @module
 */
import { filterInSlices, type SliceOptions } from '../../base/waiting/slices.ts'
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import type { DirectoryView } from './directory-view.ts'
import { canBeGuard } from './usable-relays.ts'

/** By the relays of a consensus. */
const known = /* @__PURE__ */ new WeakMap<readonly ConsensusRelay[], readonly ConsensusRelay[]>()

/** All of them, in the order of the consensus. */
export function possibleGuards({ consensus: { relays } }: Pick<DirectoryView, 'consensus'>): readonly ConsensusRelay[] {
  let guards = known.get(relays)
  if (guards === undefined) known.set(relays, (guards = relays.filter(canBeGuard)))
  return guards
}

/** Looks for them in slices, so that {@link possibleGuards} has them at once. */
export async function findPossibleGuards(
  { consensus: { relays } }: Pick<DirectoryView, 'consensus'>,
  options: SliceOptions = {},
): Promise<void> {
  if (!known.has(relays)) known.set(relays, await filterInSlices(relays, canBeGuard, options))
}
