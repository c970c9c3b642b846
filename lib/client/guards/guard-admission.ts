/**
 * What a circuit's building says about its guard, and whether the circuit may be used (guard-spec, "Updating the list
 * on success" and "When a circuit fails").
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { TorError, type ErrorCode } from '../../base/errors.ts'
import type { GuardManager, GuardPick } from './guards.ts'
import { pause } from '../../base/waiting/pause.ts'

/** How long a circuit waits in all for better guards to turn out reachable or not, and how often it looks, in ms. */
const PATIENCE = 15_000
const INTERVAL = 1000

/** What follows from a circuit that could not be built. */
export interface BuildJudgement {
  /** The guard is to blame. */
  readonly blamed: boolean
  /** The next circuit needs another link. */
  readonly linkIsDead: boolean
}

/**
 * Judges a failed build as C tor does (`circuit_build_failed`). Only what the guard itself did, or did not do, with the
 * first cell of a circuit counts against it: not what its successors did. Nor does that it refused by a DESTROY, as one
 * that is overloaded does: who could make it refuse would else move its clients on to other guards, and it could tell
 * ours from others by whether they come back. A link that has failed a circuit once takes no more of them; what befalls
 * those that are on it still says nothing new, unless it closes.
 *
 * @param hops - how many hops the circuit had got
 * @param isShared - further circuits would be built over its link
 */
export function judgeFailure(error: unknown, hops: number, isShared: boolean): BuildJudgement {
  if (hops > 0 || !(error instanceof TorError) || INNOCENT.has(error.code)) return { blamed: false, linkIsDead: false }
  return { blamed: isShared || error.code.startsWith('LINK_'), linkIsDead: true }
}

/** A circuit's end at its first hop for which the guard is not blamed: it refused, or it was us. */
const INNOCENT: ReadonlySet<string> = new Set<ErrorCode>([
  'CIRCUIT_DESTROYED',
  'CIRCUIT_CLOSED',
  'LINK_FORBIDDEN',
  'ABORTED',
])

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
