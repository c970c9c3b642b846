/**
 * What an END before CONNECTED says about the circuit, and whether another one may do better (protocol row 75; path-spec, "Handling
 * failure").
 *
 * Otherwise than in C tor an exit that says TORPROTOCOL or DESTROY does not cost the other streams their circuit: it only gets no
 * new ones.
 *
 * @module
 */
import { EndReason } from '../cell/reasons.ts'

/**
 * What a failed attempt says:
 * - `circuit`: no new streams on this circuit
 * - `exit-full`: this exit takes no streams at all for now
 * - `exit-policy`: this exit does not connect there
 */
export type AttemptFault = 'circuit' | 'exit-full' | 'exit-policy'

/** What to do about an END. */
export interface AttemptOutcome {
  readonly fault: AttemptFault
  /**
   * Whether to try elsewhere: `no`, `always`, or `sometimes` as the name or the network behind the exit may be at fault: only
   * {@link MAX_DOUBTFUL} attempts may end so.
   */
  readonly again: 'no' | 'sometimes' | 'always'
}

/** How many attempts may end with a reason that need not be the circuit's fault (C tor's `MAX_RESOLVE_FAILURES`). */
export const MAX_DOUBTFUL = 3

/** How many attempts there are at all. */
export const MAX_ATTEMPTS = 10

const OUTCOMES: ReadonlyMap<number, AttemptOutcome> = new Map<number, AttemptOutcome>([
  [EndReason.HIBERNATING, { fault: 'exit-full', again: 'always' }],
  [EndReason.RESOURCELIMIT, { fault: 'exit-full', again: 'always' }],
  [EndReason.EXITPOLICY, { fault: 'exit-policy', again: 'always' }],
  [EndReason.RESOLVEFAILED, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.MISC, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.NOROUTE, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.TORPROTOCOL, { fault: 'circuit', again: 'no' }],
  [EndReason.DESTROY, { fault: 'circuit', again: 'no' }],
])

/** What an END with this reason says; undefined when it is the target's doing, and final. */
export const outcomeOf = (reason: number): AttemptOutcome | undefined => OUTCOMES.get(reason)
