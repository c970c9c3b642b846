/**
 * Time, so that specs can bring their own.
 *
 * @module
 */

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Milliseconds, with fractions where the runtime has them, since any moment: for spans of time, which must not change
   * when somebody sets the system's clock. A clock without it is asked for `now` instead.
   */
  monotonic?(): number
  /** Calls `callback` once after `delay` milliseconds, unless the returned function is called before. */
  after(delay: number, callback: () => void): () => void
}

/** The longest delay that timers know, in ms: a longer one would fire at once. */
const MAX_DELAY = 0x7fff_ffff

/** The runtime's own clock. Its timers do not keep a process alive by themselves where the runtime can say so. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay, callback) {
    const timer: unknown = setTimeout(callback, Math.min(delay, MAX_DELAY))
    ;(timer as { unref?: () => void }).unref?.() // Node, Deno and Bun
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}

/** What to measure spans of time with: the clock's monotonic time, or else its time. In ms, with fractions. */
export function monotonicTime(clock: Clock): number {
  return clock.monotonic?.() ?? clock.now()
}
