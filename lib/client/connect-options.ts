/**
 * What a stream, a lookup and a fetch of a client may be told.
 *
 * @module
 */
import { duration, type OptionNames } from '../base/checks.ts'
import type { DirectoryRelay } from '../directory/network-directory.ts'
import type { FetchInit } from '../fetch/request/request.ts'
import { LOOKUP_OPTION_NAMES, type LookupOptions } from '../stream/lookup-options.ts'
import { STREAM_OPTION_NAMES, type StreamOptions } from '../stream/options.ts'
import type { IsolationToken } from './circuits/isolation.ts'

/** Which circuit a stream or a lookup may take. */
export interface CircuitChoice {
  /**
   * Streams share a circuit only with those that have the same token. Compared by identity. With a token a circuit takes
   * new streams until ten minutes after the last one has begun or ended, without one until ten minutes after the first.
   */
  readonly isolation?: IsolationToken | undefined
  /** A condition on the exit, beside its policy. Choosing exits makes you easier to tell apart. */
  readonly exit?: ((relay: DirectoryRelay) => boolean) | undefined
}

/** The secret key of a client that an onion service knows: 32 bytes, or a text; see `onionAuth` of `TorClient.open`. */
export type OnionClientKey = string | Uint8Array

/** How long a stream or a lookup is tried. */
export interface AttemptLimits {
  /**
   * How long it may take in all, with every try, in ms.
   *
   * @defaultValue 120000
   */
  readonly timeout?: number | undefined
  /**
   * How long each try may take, in ms; the last counts for all further ones.
   *
   * @defaultValue [10000, 10000, 15000]
   */
  readonly attemptTimeouts?: readonly number[] | undefined
}

/** Options of `TorClient.connect`. */
export interface ConnectOptions extends Omit<StreamOptions, 'timeout'>, CircuitChoice, AttemptLimits {
  /** The key for this onion service, in place of the client's `onionAuth`. */
  readonly onionAuth?: OnionClientKey | undefined
}

/** Options of `TorClient.resolve`. */
export interface ResolveOptions extends Omit<LookupOptions, 'timeout'>, CircuitChoice, AttemptLimits {}

/** What `TorClient.fetch` may be told beside the standard's members. */
export interface TorFetchInit extends FetchInit {
  /** As of {@link CircuitChoice}. Connections are used again only for fetches with this very function. */
  readonly exit?: CircuitChoice['exit']
}

const CIRCUIT_CHOICE_NAMES: OptionNames<CircuitChoice> = { isolation: true, exit: true }
/** Every option of `connect`. */
export const CONNECT_OPTION_NAMES: OptionNames<ConnectOptions> = {
  ...STREAM_OPTION_NAMES,
  ...CIRCUIT_CHOICE_NAMES,
  attemptTimeouts: true,
  onionAuth: true,
}
/** Every option of `resolve`. */
export const RESOLVE_OPTION_NAMES: OptionNames<ResolveOptions> = {
  ...LOOKUP_OPTION_NAMES,
  ...CIRCUIT_CHOICE_NAMES,
  attemptTimeouts: true,
}

/** As C tor has them: `SocksTimeout` and `CircuitStreamTimeout` for one try after another. */
const STREAM_TIMEOUT = 120_000
const ATTEMPT_TIMEOUTS = [10_000, 10_000, 15_000] as const

/** How long a stream is tried in all, and how long each try may take; in ms, or Infinity. */
export interface CheckedLimits {
  readonly timeout: number
  attemptTimeout(attempt: number): number
}

/**
 * Checks what a stream is told of its circuit and of its time.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkAttempts({
  exit,
  timeout,
  attemptTimeouts = ATTEMPT_TIMEOUTS,
}: Pick<ConnectOptions, 'exit' | 'timeout' | 'attemptTimeouts'>): CheckedLimits {
  const all = duration('timeout', timeout ?? STREAM_TIMEOUT)
  if (exit !== undefined && typeof exit !== 'function')
    throw new TypeError('Cannot use the option exit as it is no function')
  if (!Array.isArray(attemptTimeouts)) throw new TypeError('Cannot use the option attemptTimeouts as it is no list')
  if (attemptTimeouts.length === 0) throw new RangeError('Cannot use the option attemptTimeouts as it is empty')
  const limits = (attemptTimeouts as readonly number[]).map((limit) => duration('attemptTimeouts', limit))
  return { timeout: all, attemptTimeout: (attempt) => limits[Math.min(attempt, limits.length - 1)] as number }
}
