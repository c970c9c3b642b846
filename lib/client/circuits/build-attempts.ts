/**
 * Building a circuit, tried several times, further and further apart.
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import { TorError, type ErrorCode } from '../../base/errors.ts'

/** How often a build for a stream is tried, and how long to wait before each further try, in ms. */
const BUILD_DELAYS = [0, 0, 250, 500, 1000, 2000, 4000, 8000] as const

/** How long to wait before the next try when so many have failed, in ms. */
export const delayBefore = (failures: number): number =>
  BUILD_DELAYS[Math.min(failures, BUILD_DELAYS.length - 1)] as number

/**
 * How long it is tried while circuits are too late, in ms, as often as it may be: where timeouts are short, and the
 * network has become slow, some have to pass until that is learned. C tor's `SocksTimeout` is two minutes.
 */
const PATIENCE = 135_000

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
  readonly clock: Clock
  /** How often it is tried where circuits fail and are not only too late; as often as there are delays by default. */
  readonly most?: number
  /** How long it is tried where circuits are only too late, in ms; two minutes and a bit by default. */
  readonly patience?: number | undefined
}

/** The first circuit that comes of it. What cannot change by itself is not tried again. */
export async function tryOften<T>({
  attempt,
  pause,
  failed,
  clock,
  most = BUILD_DELAYS.length,
  patience = PATIENCE,
}: BuildAttempts<T>): Promise<T> {
  const avoided = new Set<string>()
  const begun = monotonicTime(clock)
  let failures = 0
  for (let tries = 0; ; tries++) {
    await pause(delayBefore(tries))
    try {
      return await attempt(avoided)
    } catch (error) {
      if (!(error instanceof TorError) || HOPELESS.has(error.code)) throw error
      failed(error)
      const isEarly = monotonicTime(clock) - begun < patience
      if (error.code === 'CIRCUIT_TIMEOUT' ? !isEarly : ++failures >= most) throw error
    }
  }
}
