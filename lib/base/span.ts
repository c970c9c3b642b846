/**
 * Spans of time, for people.
 *
 * @module
 */

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** A span in ms, in the unit that fits it, such as `5 minutes` or `30 hours`. */
export function spanOf(ms: number): string {
  if (ms >= 2 * YEAR) return `${(ms / YEAR).toFixed(1)} years`
  if (ms >= 3 * DAY) return `${Math.round(ms / DAY)} days`
  const minutes = Math.ceil(ms / 60_000)
  return minutes < 120 ? `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}` : `${Math.round(minutes / 60)} hours`
}
