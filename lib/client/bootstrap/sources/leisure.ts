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

/** How often it is looked for descriptions by a client that has too few to build circuits, in ms (`GREEDY_DESCRIPTOR_RETRY_INTERVAL`). */
const LOOKED_EVERY_IN_NEED = 10_000

/** What it takes. */
export interface LeisureOptions {
  readonly clock: Clock
  /** From 0 up to and without 1. */
  random(): number
  /** Told how long it waits, in ms, and of the end of the wait. */
  waits?(delay: number | undefined): void
  /** Somebody waits for what comes then. */
  readonly isAwaited?: boolean
  /** From when on looks are counted, by the clock's monotonic time. */
  readonly begunAt: number
}

/** A delay after a failure, in ms, that follows the one before. */
const delayAfter = (last: number, random: () => number): number =>
  1000 * nextDelay(last / 1000, 0, (limit) => Math.floor(random() * limit))

/** Waits so many ms, or until something else ends it. */
async function pauseFor(
  { clock, waits, isAwaited = false }: LeisureOptions,
  delay: number,
  hurry: readonly AbortSignal[],
  other?: Promise<void>,
): Promise<void> {
  waits?.(delay)
  const ends: (() => void)[] = []
  const over = new Promise<void>((resolve) => {
    ends.push(
      (isAwaited ? startTimer : startBackgroundTimer)(clock, delay, resolve),
      onAnyAbort(hurry, () => resolve()),
    )
  })
  await Promise.race(other ? [over, other] : [over])
  for (const end of ends) end()
  waits?.(undefined)
}

/** How long it is until the next look that is so late at the earliest, in ms. */
const untilLook = ({ clock, begunAt }: LeisureOptions, every: number, earliest: number): number =>
  Math.ceil(begunAt + Math.ceil((earliest - begunAt) / every) * every - monotonicTime(clock))

/**
 * Begins a row of tries: what is returned waits until the next may begin.
 *
 * @param every - how often it is looked, in ms
 * @param hurry - from when on it waits no more
 */
export function leisurely(from: LeisureOptions, every: number, ...hurry: readonly AbortSignal[]): () => Promise<void> {
  let last = 0
  return async () => {
    if (hurry.some((signal) => signal.aborted)) return
    last = delayAfter(last, from.random)
    await pauseFor(from, untilLook(from, every, monotonicTime(from.clock) + last), hurry)
  }
}

/**
 * As {@link leisurely}, for the descriptions without which no circuit is built. Gives false when no more are wanted now.
 *
 * @param from - looks are counted from when the client began
 * @param isEnough - true when what came meanwhile is enough: the rest is fetched later, at leisure
 * @param arrival - resolves when something has come: it is looked then, too
 */
export function needily(
  from: LeisureOptions,
  isEnough: () => Promise<boolean>,
  arrival: () => Promise<void>,
  signal: AbortSignal,
): () => Promise<boolean> {
  const now = (): number => monotonicTime(from.clock)
  let last = 0
  return async () => {
    last = delayAfter(last, from.random)
    const readyAt = now() + last
    for (;;) {
      const arrived = arrival()
      if (signal.aborted || (await isEnough())) return false
      const look = now() + untilLook(from, LOOKED_EVERY_IN_NEED, Math.max(readyAt, now() + 1))
      await pauseFor(from, look - now(), [signal], arrived)
      if (now() >= readyAt) return !signal.aborted && (now() >= look || !(await isEnough()))
    }
  }
}
