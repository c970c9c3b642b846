/**
 * The options of a lookup, which are checked before the lookup itself is loaded.
 *
 * @module
 */
import { abortSignal, checkOptions, duration, flag, type OptionNames } from '../base/checks.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'

/** Options of a lookup. */
export interface LookupOptions {
  /** Gives up: the lookup rejects with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long the exit may take, in ms.
   *
   * @defaultValue 30000
   */
  readonly timeout?: number | undefined
  /**
   * Leave out internal and private addresses; when nothing else is left the lookup fails with `RESOLVE_TRANSIENT`.
   *
   * @defaultValue true
   */
  readonly rejectInternalAddresses?: boolean | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

/** Every option of a lookup. */
export const LOOKUP_OPTION_NAMES: OptionNames<LookupOptions> = {
  signal: true,
  timeout: true,
  rejectInternalAddresses: true,
  clock: true,
}

/** What a lookup is to obey. */
export interface CheckedLookup {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly rejectInternalAddresses: boolean
  readonly clock: Clock
}

/**
 * The options with their defaults.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkLookup(options: LookupOptions): CheckedLookup {
  checkOptions(options, LOOKUP_OPTION_NAMES)
  return {
    signal: abortSignal('signal', options.signal),
    timeout: duration('timeout', options.timeout ?? 30_000),
    rejectInternalAddresses: flag('rejectInternalAddresses', options.rejectInternalAddresses ?? true),
    clock: options.clock ?? systemClock,
  }
}
