/**
 * When a client asks another server for what one did not have: not before it looks again whether there is something to fetch, and
 * ever later when that goes on (C tor, `fetch_networkstatus_callback`, `launch_descriptor_fetches_callback` and
 * `download_status_increment_failure`). How often it looks depends on what it lacks; for the first consensus see bootstrap-race.ts.
 *
 * @module
 */
import { onAnyAbort } from '../../../base/waiting/abort.ts'
import { monotonicTime, startBackgroundTimer, startTimer, type Clock } from '../../../base/waiting/clock.ts'
import { nextDelay } from './bootstrap-race.ts'

/**
 * How often it is looked for descriptions by a client that has too few to build circuits, in ms (C tor,
 * `GREEDY_DESCRIPTOR_RETRY_INTERVAL`).
 */
export const LOOKED_IN_NEED = 10_000

/** What it takes. */
export interface LeisureOptions {
  readonly clock: Clock
  /** From 0 up to and without 1. */
  random(): number
  /** Somebody waits for what comes then. */
  readonly isAwaited?: boolean
  /** From when on looks are counted, by the clock's monotonic time. */
  readonly begunAt: number
}

/** How often it is looked, in ms. */
export interface Looks {
  readonly every: number
  /** From when on somebody waits for it. */
  readonly inNeed: number
}

/** A delay after a failure, in ms, that follows the one before. */
const delayAfter = (last: number, random: () => number): number =>
  1000 * nextDelay(last / 1000, 0, (limit) => Math.floor(random() * limit))

/** Waits so many ms, or until something else ends it. */
async function pauseFor(
  { clock, isAwaited = false }: LeisureOptions,
  delay: number,
  hurry: readonly AbortSignal[],
  other?: Promise<void>,
): Promise<void> {
  const ends: (() => void)[] = []
  const over = new Promise<void>((resolve) => {
    ends.push(
      (isAwaited ? startTimer : startBackgroundTimer)(clock, delay, resolve),
      onAnyAbort(hurry, () => resolve()),
    )
  })
  await Promise.race(other ? [over, other] : [over])
  for (const end of ends) end()
}

/** How long it is until the next look that is so late at the earliest, in ms. */
const untilLook = ({ clock, begunAt }: LeisureOptions, every: number, earliest: number): number =>
  Math.ceil(begunAt + Math.ceil((earliest - begunAt) / every) * every - monotonicTime(clock))

/**
 * Begins a row of tries: what is returned waits until the next may begin.
 *
 * @param hurry - from when on somebody waits for it
 * @param signal - from when on it is not wanted
 */
export function leisurely(
  from: LeisureOptions,
  { every, inNeed }: Looks,
  hurry: AbortSignal,
  signal: AbortSignal,
): () => Promise<void> {
  let last = 0
  return async () => {
    last = delayAfter(last, from.random)
    const earliest = monotonicTime(from.clock) + last
    if (!hurry.aborted) await pauseFor(from, untilLook(from, every, earliest), [hurry, signal])
    if (!hurry.aborted || signal.aborted) return
    const wait = untilLook(from, inNeed, Math.max(earliest, monotonicTime(from.clock)))
    if (wait > 0) await pauseFor({ ...from, isAwaited: true }, wait, [signal])
  }
}

/**
 * As {@link leisurely}, for the descriptions without which no circuit is built; nothing waits any more after a server that was silent.
 * Gives false when no more are wanted now.
 *
 * @param from - looks are counted from when the client began
 * @param isEnough - true when what came meanwhile is enough: the rest is fetched later, at leisure
 * @param arrival - resolves when something has come: it is looked then, too (C tor, `directory_info_has_arrived`)
 */
export function needily(
  from: LeisureOptions,
  isEnough: () => Promise<boolean>,
  arrival: () => Promise<void>,
  signal: AbortSignal,
): (isLate: boolean) => Promise<boolean> {
  const now = (): number => monotonicTime(from.clock)
  let last = 0
  return async (isLate) => {
    if (isLate) return !(await isEnough())
    last = delayAfter(last, from.random)
    const readyAt = now() + last
    for (;;) {
      const arrived = arrival()
      if (signal.aborted || (await isEnough())) return false
      const look = now() + untilLook(from, LOOKED_IN_NEED, Math.max(readyAt, now() + 1))
      await pauseFor(from, look - now(), [signal], arrived)
      if (now() >= readyAt) return !signal.aborted && (now() >= look || !(await isEnough()))
    }
  }
}
