/**
 * The guards that a client keeps from one run to the next, as text (guard-spec 4.1, 4.3 and A.5 for what is kept).
 *
 * The format is our own: JSON with a version. What was not written just so is refused as a whole, and the client starts
 * with fresh guards. Not kept: which version of the library sampled a guard, and whether it was reachable.
 *
 * @module
 */

/**
 * One guard of the sample, as it is kept. Times are in ms since the epoch, and lie randomly before what they stand for.
 */
export interface GuardRecord {
  /** Its RSA identity: 40 hexadecimal digits, upper case. */
  readonly fingerprint: string
  /** When it was sampled. */
  readonly sampledAt: number
  /** Since when the consensus does not list it as a guard; undefined while it does. */
  readonly unlistedSince: number | undefined
  /** When a circuit was first built through it; undefined when none was. */
  readonly confirmedAt: number | undefined
}

const VERSION = 1
/** More text or guards than any state of ours has. */
const MAX_TEXT = 1_000_000
const MAX_GUARDS = 5000
/** The last moment that a Date knows. */
const MAX_TIME = 8_640_000_000_000_000

/** The text of these guards, in the order of the sample. */
export function formatGuardState(guards: readonly GuardRecord[]): string {
  const list = guards.map(({ fingerprint, sampledAt, unlistedSince, confirmedAt }) => ({
    fingerprint,
    sampledAt,
    unlistedSince,
    confirmedAt,
  }))
  return JSON.stringify({ version: VERSION, guards: list })
}

/** The guards in the order of the sample; undefined for anything that {@link formatGuardState} would not write. */
export function parseGuardState(text: string): GuardRecord[] | undefined {
  if (text.length > MAX_TEXT) return undefined
  let state: unknown
  try {
    state = JSON.parse(text)
  } catch {
    return undefined // What is no JSON was cut short, or is not ours.
  }
  if (!isObject(state, ['version', 'guards']) || state['version'] !== VERSION) return undefined
  const list = state['guards']
  if (!Array.isArray(list) || list.length > MAX_GUARDS) return undefined
  const guards = new Map<string, GuardRecord>()
  for (const item of list as unknown[]) {
    const guard = parseRecord(item)
    if (guard === undefined || guards.has(guard.fingerprint)) return undefined
    guards.set(guard.fingerprint, guard)
  }
  return [...guards.values()]
}

function parseRecord(item: unknown): GuardRecord | undefined {
  if (!isObject(item, ['fingerprint', 'sampledAt', 'unlistedSince', 'confirmedAt'])) return undefined
  const { fingerprint, sampledAt, unlistedSince, confirmedAt } = item
  if (typeof fingerprint !== 'string' || !/^[0-9A-F]{40}$/.test(fingerprint)) return undefined
  if (!isTime(sampledAt)) return undefined
  if (unlistedSince !== undefined && !isTime(unlistedSince)) return undefined
  if (confirmedAt !== undefined && !isTime(confirmedAt)) return undefined
  return { fingerprint, sampledAt, unlistedSince, confirmedAt }
}

/** True for an object that has no other keys than these. */
function isObject<K extends string>(value: unknown, keys: readonly K[]): value is Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((key) => (keys as readonly string[]).includes(key))
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME
}
