/**
 * Waiting for another process to get somewhere, which it only shows by what it writes.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'

/** How often a condition is looked at, in milliseconds. */
const interval = 10

/**
 * Looks at `probe` until it gives something other than `undefined` or `false`, and resolves with that.
 *
 * Rejects when `signal` aborts; the message says what was waited for and why in vain.
 */
export async function until<T>(
  what: string,
  signal: AbortSignal,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (;;) {
    if (signal.aborted)
      throw new Error(`gave up waiting for ${what}: ${String(signal.reason)}`, { cause: signal.reason })
    const found = await probe()
    if (found !== undefined && found !== false) return found
    await delay(interval)
  }
}
