/**
 * The numbers of the guard specification: those that the consensus may set, with their defaults and bounds (guard-spec
 * A.1, param-spec 11), and the schedule by which guards are tried again.
 *
 * @module
 */
import type { DirectoryView } from '../relays/directory-view.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MAX_INT32 = 0x7fff_ffff
const TEN_YEARS = 3650

/** The parameters; times are in ms. */
export interface GuardParameters {
  /** How long a guard that was sampled and never used is kept. */
  readonly lifetime: number
  /** How long a guard is kept once it was used. */
  readonly confirmedLifetime: number
  /** How long a guard is kept that the consensus no longer lists. */
  readonly unlistedLifetime: number
  /** How many guards the sample has at most. */
  readonly maxSample: number
  /** What part of the guards of the network the sample has at most, in percent. */
  readonly maxSamplePercent: number
  /** How many guards of the sample should be usable. */
  readonly minFiltered: number
  /** How many primary guards there are. */
  readonly primaries: number
  /** Of how many of them one is chosen for a circuit. */
  readonly primariesToUse: number
  /** Of how many of them one is chosen to fetch a document from. */
  readonly primariesForDirectory: number
  /** After how long without a circuit it is likely that not the guards were unreachable, but this host offline. */
  readonly internetLikelyDown: number
  /** How long a guard that is not primary may take before others are tried. */
  readonly connectTimeout: number
}

/** What the consensus says; the defaults without one. */
export function guardParameters(directory: Pick<DirectoryView, 'param'> | undefined): GuardParameters {
  const read = (name: string, byDefault: number, max: number): number =>
    directory?.param(name, byDefault, 1, max) ?? byDefault
  return {
    lifetime: read('guard-lifetime-days', 120, TEN_YEARS) * DAY,
    confirmedLifetime: read('guard-confirmed-min-lifetime-days', 60, TEN_YEARS) * DAY,
    unlistedLifetime: read('guard-remove-unlisted-guards-after-days', 20, TEN_YEARS) * DAY,
    maxSample: read('guard-max-sample-size', 60, MAX_INT32),
    maxSamplePercent: read('guard-max-sample-threshold-percent', 20, 100),
    minFiltered: read('guard-min-filtered-sample-size', 20, MAX_INT32),
    primaries: read('guard-n-primary-guards', 3, MAX_INT32),
    primariesToUse: read('guard-n-primary-guards-to-use', 1, MAX_INT32),
    primariesForDirectory: read('guard-n-primary-dir-guards-to-use', 3, MAX_INT32),
    internetLikelyDown: read('guard-internet-likely-down-interval', 600, MAX_INT32) * SECOND,
    connectTimeout: read('guard-nonprimary-guard-connect-timeout', 15, MAX_INT32) * SECOND,
  }
}

/** The schedule: a guard that has been failing for no longer than `upTo` is tried again after this. */
const RETRY_SCHEDULE = [
  { upTo: 6 * HOUR, primary: 10 * MINUTE, other: HOUR },
  { upTo: 4 * DAY, primary: 90 * MINUTE, other: 4 * HOUR },
  { upTo: 7 * DAY, primary: 4 * HOUR, other: 18 * HOUR },
  { upTo: Infinity, primary: 9 * HOUR, other: 36 * HOUR },
] as const

/** How long after the last try a guard is tried again that has been failing for `failingFor` ms. In ms. */
export function retryDelay(failingFor: number, isPrimary: boolean): number {
  // The last row fits whatever is left.
  const row = RETRY_SCHEDULE.find(({ upTo }) => failingFor <= upTo) ?? RETRY_SCHEDULE[3]
  return isPrimary ? row.primary : row.other
}
