/**
 * Failures that this machine's clock may be behind: what a peer showed does not hold now, and would at another time.
 *
 * @module
 */
import { TorError, type ErrorCode } from './errors.ts'

/** What such a failure, or a warning, ends with. */
export const MAYBE_CLOCK = 'the clock may be wrong'

const faults = new WeakSet<Error>()

/** Makes such a failure; `what` says how far off the clock would be. */
export function clockFault(code: ErrorCode, what: string): TorError {
  const error = new TorError(code, `${what}: ${MAYBE_CLOCK}`)
  faults.add(error)
  return error
}

/** True for such a failure, and for what it is the cause of. */
export function isClockFault(error: unknown): boolean {
  for (let next = error; next instanceof Error; next = next.cause) if (faults.has(next)) return true
  return false
}
