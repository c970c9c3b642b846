/**
 * When a client that has a directory asks another server for what one did not have: not before it looks again whether there
 * is something to fetch, once a minute, and ever later when that goes on (C tor, `fetch_networkstatus_callback`,
 * `launch_descriptor_fetches_callback` and `download_status_increment_failure`). Nobody waits for it; who does hurries it.
 *
 * @module
 */
import { onAnyAbort } from '../../../base/waiting/abort.ts'
import { monotonicTime, startBackgroundTimer, type Clock } from '../../../base/waiting/clock.ts'
import { nextDelay } from './bootstrap-race.ts'

/** How often it is looked, in ms: a client of C tor's that has a consensus and enough descriptions. */
const LOOKED_EVERY = 60_000

/** What it takes. */
export interface LeisureOptions {
  readonly clock: Clock
  /** From 0 up to and without 1. */
  random(): number
}

/**
 * Begins a row of tries: what is returned waits until the next may begin.
 *
 * @param hurry - from when on it waits no more
 */
export function leisurely({ clock, random }: LeisureOptions, ...hurry: readonly AbortSignal[]): () => Promise<void> {
  const begunAt = monotonicTime(clock)
  let last = 0
  return async () => {
    if (hurry.some((signal) => signal.aborted)) return
    last = nextDelay(last, 0, (limit) => Math.floor(random() * limit))
    const now = monotonicTime(clock)
    const looks = Math.ceil((now + 1000 * last - begunAt) / LOOKED_EVERY)
    await new Promise<void>((resolve) => {
      const stop = startBackgroundTimer(clock, Math.ceil(begunAt + looks * LOOKED_EVERY - now), () => {
        forget()
        resolve()
      })
      const forget = onAnyAbort(hurry, () => {
        stop()
        resolve()
      })
    })
  }
}
