/**
 * Waiting for turns of the event loop, in any engine and without a clock.
 *
 * @module
 */
import { atEndOfTurn } from '../../lib/base/end-of-turn.ts'

/**
 * Waits until this turn of the event loop is over, its microtasks and what the library does at its end included; or
 * several.
 */
export async function turn(count = 1): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise<void>((resolve) => atEndOfTurn(resolve))
}
