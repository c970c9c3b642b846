/**
 * How much work a client does (proposal 327, "Client behavior").
 *
 * @module
 */

/** A client makes no greater effort, whatever is asked: C tor's `CLIENT_MAX_POW_EFFORT`. */
export const MAX_CLIENT_EFFORT = 10_000

/** Who tries again makes at least this effort, even if none was asked for: `CLIENT_MIN_RETRY_POW_EFFORT`. */
const LEAST_RETRY = 8

/** Below this each retry doubles it, above it adds a half: `CLIENT_POW_EFFORT_DOUBLE_UNTIL`. */
const DOUBLE_UNTIL = 1000

/**
 * The effort for one introduction.
 *
 * @param suggested - what the service asks for
 * @param failures - how many introductions by the same point came to nothing
 * @param most - what the user allows
 */
export function clientEffort(suggested: number, failures: number, most: number = MAX_CLIENT_EFFORT): number {
  const limit = Math.floor(Math.min(most, MAX_CLIENT_EFFORT))
  let effort = Math.min(suggested, limit)
  for (let left = failures; left > 0 && effort < limit; left--) {
    const raised = effort < DOUBLE_UNTIL ? 2 * effort : Math.floor(1.5 * effort)
    effort = Math.min(Math.max(raised, LEAST_RETRY), limit)
  }
  return effort
}
