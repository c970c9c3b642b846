/**
 * Building a circuit, tried several times, further and further apart.
 *
 * @module
 */
import { TorError, type ErrorCode } from '../../base/errors.ts'

/** How often a build for a stream is tried, and how long to wait before each further try, in ms. */
const BUILD_DELAYS = [0, 0, 250, 500, 1000, 2000, 4000, 8000] as const

/** What no further try can mend, or nobody wants. */
const HOPELESS: ReadonlySet<string> = new Set<ErrorCode>(['NO_PATH', 'CLIENT_OBSOLETE', 'LINK_FORBIDDEN', 'ABORTED'])

/** What the tries need. */
export interface BuildAttempts<T> {
  /**
   * One try. It is given the fingerprints of the relays that those before could not reach, to go by others and to add
   * to (failed-extension.ts).
   */
  attempt(avoided: Set<string>): Promise<T>
  /** Waits so many ms. Rejects when nobody wants the circuit any more. */
  pause(delay: number): Promise<void>
  /** A try failed. */
  failed(error: TorError): void
}

/** The first circuit that comes of it. What cannot change by itself is not tried again. */
export async function tryOften<T>({ attempt, pause, failed }: BuildAttempts<T>): Promise<T> {
  const avoided = new Set<string>()
  let failure: unknown
  for (const delay of BUILD_DELAYS) {
    await pause(delay)
    try {
      return await attempt(avoided)
    } catch (error) {
      if (!(error instanceof TorError) || HOPELESS.has(error.code)) throw error
      failed(error)
      failure = error
    }
  }
  throw failure
}
