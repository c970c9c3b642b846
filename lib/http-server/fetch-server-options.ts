/**
 * What a server of fetch-style handlers may be told, with the defaults in one place.
 *
 * @module
 */
import { abortSignal, checkOptions, duration, type OptionNames } from '../base/checks.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { quoted } from '../base/quoted.ts'

/** Options of `serveFetch`. */
export interface ServeFetchOptions {
  /**
   * The most bytes of a request's line and fields; a longer one is answered by 431.
   *
   * @defaultValue 16384
   */
  readonly maxHead?: number | undefined
  /**
   * How long a visitor may take for a request's line and fields, in ms; then the answer is 408.
   *
   * @defaultValue 60000
   */
  readonly headTimeout?: number | undefined
  /**
   * How long a visitor may keep still, in ms, where it is his turn: between two requests, within a body that is being read, and
   * with an answer that he does not take. Then the connection ends.
   *
   * @defaultValue 120000
   */
  readonly idleTimeout?: number | undefined
  /**
   * How many connections there are at a time. For one more the one ends that has waited longest for a request; where all
   * are being answered, visitors wait in the `backlog` of the service.
   *
   * @defaultValue 1000
   */
  readonly maxConnections?: number | undefined
  /**
   * Called with what the handler threw, or the body of its response failed with, where the visitor is not to blame. The
   * visitor is told nothing of it. What it throws is uncaught. Without it nobody hears of such errors.
   */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined
  /** Ends everything at once: requests, their signals and connections. The service stays. */
  readonly signal?: AbortSignal | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

const OPTION_NAMES: OptionNames<ServeFetchOptions> = {
  maxHead: true,
  headTimeout: true,
  idleTimeout: true,
  maxConnections: true,
  onError: true,
  signal: true,
  clock: true,
}

/** Options with every default filled in. */
export interface CheckedServeFetchOptions {
  readonly maxHead: number
  readonly headTimeout: number
  readonly idleTimeout: number
  readonly maxConnections: number
  readonly onError: (error: unknown, request: Request) => void
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkServeFetchOptions(options: ServeFetchOptions): CheckedServeFetchOptions {
  checkOptions(options, OPTION_NAMES)
  const { onError = () => undefined } = options
  if (typeof onError !== 'function') throw new TypeError('Cannot use the option onError as it is no function')
  return {
    maxHead: whole('maxHead', options.maxHead ?? 16_384, 100, 1_048_576),
    headTimeout: duration('headTimeout', options.headTimeout ?? 60_000),
    idleTimeout: duration('idleTimeout', options.idleTimeout ?? 120_000),
    maxConnections: whole('maxConnections', options.maxConnections ?? 1000, 1, 65_535),
    onError,
    signal: abortSignal('signal', options.signal),
    clock: options.clock ?? systemClock,
  }
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot use the option ${name} as it must be a whole number of ${least} to ${most}: ${quoted(value)}`,
    )
  }
  return value
}
