/**
 * The first consensus is asked of several servers, each begun a little later than the one before: most of them are quick, some are
 * gone (C tor, `update_consensus_bootstrap_multiple_downloads`; dir-spec, "Client operation"). As soon as one is being asked over a
 * circuit that is open, nobody else is begun; once there is a consensus the others are left. The next is begun at its time, a few
 * seconds at first, and at once where that is past: whether or not anybody is being asked then.
 *
 * @module
 */
import { onAnyAbort } from '../../../base/waiting/abort.ts'
import { monotonicTime, startTimer, type Clock } from '../../../base/waiting/clock.ts'
import type { Random } from '../../../base/random.ts'

/** How many are asked at a time (`ClientBootstrapConsensusMaxInProgressTries`), unless two are begun in one second. */
const MOST = 3

/** How often it is looked whether it is time for another one, in ms. */
const SECOND = 1000

/** One server that is asked. */
export interface RaceAttempt<T> {
  /** What it came to; undefined when that is nothing, and others are to be asked. Rejects with what ends all of them. */
  readonly outcome: Promise<{ readonly value: T } | undefined>
  /** True once it is asked over a circuit that is open. */
  isUnderWay(): boolean
}

/** Some of the servers, asked one after the other whether or not those before have answered. */
export interface RaceLane<T> {
  /** When the first of them is asked, in seconds. */
  readonly delay: number
  /** True when there are no more for certain. */
  isOver?(): boolean
  /** Asks the next; undefined when there are no more. */
  begin(): RaceAttempt<T> | undefined
}

/**
 * When the next is asked, in seconds after one that was asked `last` seconds after the one before it (C tor,
 * `next_random_exponential_delay`): at least `least`, or a second, and on average ever later.
 */
export function nextDelay(last: number, least: number, random: Random): number {
  const base = Math.max(1, least)
  return base + random(Math.max(1, 3 * last - base))
}

/** What the first of the attempts comes to that comes to something; undefined when none does, or when it is not wanted any more. */
export async function race<T>(
  lanes: readonly RaceLane<T>[],
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  const waiting = new Map(lanes.map((lane) => [lane, { at: lane.delay, last: 0 }]))
  const running = new Set<RaceAttempt<T>>()
  const beginIn = (lane: RaceLane<T>, now: number): void => {
    const attempt = lane.begin()
    if (attempt === undefined) return void waiting.delete(lane)
    running.add(attempt)
    const last = nextDelay(waiting.get(lane)?.last ?? 0, lane.delay, random)
    waiting.set(lane, { at: now + last, last })
  }
  const begin = (now: number): void => {
    for (const lane of lanes) if (lane.isOver?.() === true) waiting.delete(lane)
    if (running.size >= MOST || [...running].some((attempt) => attempt.isUnderWay())) return
    for (const lane of lanes) while ((waiting.get(lane)?.at ?? Infinity) <= now) beginIn(lane, now)
  }
  const begunAt = monotonicTime(clock)
  for (;;) {
    if (signal.aborted) return undefined
    const elapsed = monotonicTime(clock) - begunAt
    begin(Math.floor(elapsed / SECOND))
    if (running.size === 0 && waiting.size === 0) return undefined
    let stopTimer = (): void => undefined
    let forget = stopTimer
    const tick = new Promise<undefined>((resolve) => {
      stopTimer = startTimer(clock, Math.ceil(SECOND - (elapsed % SECOND)), () => resolve(undefined))
      forget = onAnyAbort([signal], () => resolve(undefined))
    })
    const ends = Array.from(running, (attempt) =>
      attempt.outcome.then((outcome) => {
        running.delete(attempt)
        return outcome
      }),
    )
    try {
      const outcome = await Promise.race([tick, ...ends])
      if (outcome !== undefined) return outcome
    } finally {
      stopTimer()
      forget()
    }
  }
}
