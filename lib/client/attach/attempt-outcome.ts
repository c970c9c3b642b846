/**
 * What became of the attempts to open one stream; what an END before CONNECTED says about the circuit, and whether
 * another one may do better (path-spec, "Handling failure"; C tor's `edge_reason_is_retriable`).
 *
 * Otherwise than in C tor an exit that says TORPROTOCOL or DESTROY does not cost the other streams their circuit: it
 * only gets no new ones.
 *
 * @module
 */
import type { End } from '../../cell/relay/end.ts'
import { EndReason, endReasonName } from '../../cell/reasons.ts'
import type { ErrorCode, StreamAttempt } from '../../base/errors.ts'

/**
 * What a failed attempt says:
 * - `circuit`: no new streams on this circuit
 * - `silence`: the same, as no answer came in time
 * - `exit-full`: this exit takes no streams at all for now
 * - `exit-policy`: this exit does not connect there
 */
export type AttemptFault = 'circuit' | 'silence' | 'exit-full' | 'exit-policy'

/** How many attempts may end with a reason that need not be the circuit's fault (C tor's `MAX_RESOLVE_FAILURES`). */
const MAX_DOUBTFUL = 3

/** How many attempts there are at all. */
const MAX_ATTEMPTS = 10

interface Outcome {
  readonly fault: AttemptFault
  /** Whether to try elsewhere; sometimes, where the name or the network behind the exit may be at fault. */
  readonly again: 'no' | 'sometimes' | 'always'
}

/** What is not here is the target's doing, and final. */
const OUTCOMES: ReadonlyMap<number, Outcome> = new Map<number, Outcome>([
  [EndReason.HIBERNATING, { fault: 'exit-full', again: 'always' }],
  [EndReason.RESOURCELIMIT, { fault: 'exit-full', again: 'always' }],
  [EndReason.EXITPOLICY, { fault: 'exit-policy', again: 'always' }],
  [EndReason.RESOLVEFAILED, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.MISC, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.NOROUTE, { fault: 'circuit', again: 'sometimes' }],
  [EndReason.TORPROTOCOL, { fault: 'circuit', again: 'no' }],
  [EndReason.DESTROY, { fault: 'circuit', again: 'no' }],
])

/** What speaks against the circuit, or its exit, in an END with this reason. */
export const faultOf = (reason: number): AttemptFault | undefined => OUTCOMES.get(reason)?.fault

/** The attempts of one stream. */
export class AttemptLog {
  /** First to last. */
  readonly all: StreamAttempt[] = []
  readonly #now: () => number
  readonly #startedAt: number
  #doubtful = 0

  /** @param now - the time, in ms; the stream is asked for now */
  constructor(now: () => number) {
    this.#now = now
    this.#startedAt = now()
  }

  /** True when there may be no other attempt, whatever the last one came to. */
  get exhausted(): boolean {
    return this.all.length >= MAX_ATTEMPTS
  }

  /** An attempt failed, on a circuit through these relays. */
  failed(code: ErrorCode, reason: number | undefined, fingerprints: readonly string[] = []): void {
    this.all.push({ code, reason, fingerprints, elapsed: this.#now() - this.#startedAt })
  }

  /**
   * An attempt failed with this END. Says whether to make another.
   *
   * @param refuses - true for an address that the stream would not be connected to anywhere
   */
  ended(
    { reason, address }: End,
    fingerprints: readonly string[] | undefined,
    refuses: (address: string) => boolean,
  ): boolean {
    const name = endReasonName(reason)
    this.failed(name ? `END_${name}` : 'END_OTHER', reason, fingerprints)
    const again = OUTCOMES.get(reason)?.again ?? 'no'
    if (again === 'sometimes') this.#doubtful += 1
    if (again === 'no' || this.#doubtful >= MAX_DOUBTFUL || this.exhausted) return false
    return address === undefined || !refuses(address)
  }
}
