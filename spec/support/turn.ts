/**
 * Waiting for turns of the event loop, in any engine and without a clock.
 *
 * @module
 */
import { atEndOfTurn } from '../../lib/base/waiting/end-of-turn.ts'
import { isBusy, untilDone } from './under-way.ts'

/** The most turns that {@link quiet} waits for: what goes on for ever shall not hold the clock for ever. */
const MOST_TURNS = 2000

const endOfTurn = (): Promise<void> => new Promise((resolve) => atEndOfTurn(resolve))

/**
 * Waits until this turn of the event loop is over, its microtasks and what the library does at its end included; or
 * several. What threads have to do by then is done, and its outcome has been taken.
 */
export async function turn(count = 1): Promise<void> {
  for (let left = count; left > 0; left--) {
    await endOfTurn()
    if (!isBusy()) continue
    await untilDone()
    await endOfTurn()
  }
}

/**
 * Waits until nothing has happened for `turns` turns in a row: no thread works, and what `events` counts stays as it is.
 * Ends early when `enough` is true.
 */
export async function quiet(
  turns: number,
  events: () => number = () => 0,
  enough: () => boolean = () => false,
): Promise<void> {
  let before = events()
  for (let same = 0, all = 0; same < turns && all < MOST_TURNS && !enough(); all++) {
    await endOfTurn()
    const now = events()
    same = isBusy() || now !== before ? 0 : same + 1
    before = now
    if (isBusy()) await untilDone()
  }
}
