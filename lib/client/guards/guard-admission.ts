/**
 * What a circuit's building says about its guard, and whether the circuit may be used (guard-spec, "Updating the list
 * on success" and "When a circuit fails").
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { GuardManager, GuardPick } from './guards.ts'
import { pause } from '../../base/waiting/pause.ts'

/** How long a circuit waits in all for better guards to turn out reachable or not, and how often it looks, in ms. */
const PATIENCE = 15_000
const INTERVAL = 1000

/** The link that a circuit was to be built over. */
export interface JudgedLink {
  /** It was made for this circuit. */
  readonly dialled: boolean
  /** Further circuits would be built over it. */
  readonly isShared: boolean
}

/** What follows from a circuit that could not be built. */
export interface BuildJudgement {
  /** The guard is to blame. */
  readonly blamed: boolean
  /** The next circuit needs another link. */
  readonly linkIsDead: boolean
}

/**
 * Judges a failed build. Only what the guard itself did, or did not do, counts against it: not what its successors did,
 * and not that a link which was there before turns out to be closed. A guard that left the first cell of a circuit unanswered for as
 * long as that was wanted counts as one that cannot be reached (C tor, `circuit_build_failed`), once for each link.
 *
 * @param hops - how many hops the circuit had got
 */
export function judgeFailure(error: unknown, hops: number, { dialled, isShared }: JudgedLink): BuildJudgement {
  const isOurs = !(error instanceof TorError) || error.code === 'CIRCUIT_CLOSED' || error.code === 'LINK_FORBIDDEN'
  if (hops > 0 || isOurs) return { blamed: false, linkIsDead: false }
  if (error.code === 'CIRCUIT_TIMEOUT') return { blamed: isShared, linkIsDead: true }
  const isClosed = error.code === 'LINK_CLOSED'
  return { blamed: dialled || !isClosed, linkIsDead: isClosed }
}

/**
 * Waits until a circuit that was built may be used: at once through one of the primary guards, otherwise when those
 * that are better have been tried, or have been waited for long enough.
 *
 * @param tryBetter - begins a circuit through whichever guard is best now
 * @throws TorError `CIRCUIT_CLOSED` when a better guard is reachable, or the guard is no longer one of ours; `ABORTED`
 */
export async function admit(
  guards: GuardManager,
  pick: GuardPick,
  clock: Clock,
  signal: AbortSignal,
  tryBetter: () => void,
): Promise<void> {
  let verdict = guards.succeeded(pick)
  for (let waited = 0; verdict === 'wait' && waited < PATIENCE; waited += INTERVAL) {
    if (waited === 0) tryBetter()
    await pause(clock, INTERVAL, [signal])
    verdict = guards.verdict(pick)
  }
  if (verdict === 'discard') throw new TorError('CIRCUIT_CLOSED', 'there is a better guard')
}
