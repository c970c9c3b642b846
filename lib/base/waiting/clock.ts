/**
 * Time, so that specs can bring their own.
 *
 * There are two kinds of timers. Whoever waits for what a timer brings about, such as the failure of a stream that is
 * not answered, must not find the program over before: such a timer keeps the process alive. Housekeeping, such as the
 * renewal of a directory, must not: its timer runs as long as something else keeps the process.
 *
 * @module
 */
import { LONGEST_TIMER } from '../checks.ts'

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Milliseconds, with fractions where the runtime has them, since any moment: for spans of time, which must not change
   * when somebody sets the system's clock. A clock without it is asked for `now` instead.
   */
  monotonic?(): number
  /**
   * Calls `callback` once after `delay` milliseconds, 0 to 2^31-1, unless the returned function is called before. Where
   * the runtime has a process it does not end meanwhile.
   */
  after(delay: number, callback: () => void): () => void
  /** As `after`, but the process may end meanwhile. A clock without it is asked for `after` instead. */
  background?(delay: number, callback: () => void): () => void
}

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, delay)
    return () => clearTimeout(timer)
  },
  background(delay, callback) {
    const timer: unknown = setTimeout(callback, delay)
    ;(timer as { unref?: () => void }).unref?.() // Node, Deno and Bun
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}

/** What to measure spans of time with: the clock's monotonic time, or else its time. In ms, with fractions. */
export function monotonicTime(clock: Clock): number {
  return clock.monotonic?.() ?? clock.now()
}

const never = (): void => undefined

/**
 * Calls `callback` after `delay` ms, and keeps the process until then: somebody waits for it. Never, when that is longer
 * than timers can wait.
 *
 * @returns what stops the timer; it may be called at any time
 */
export function startTimer(clock: Clock, delay: number, callback: () => void): () => void {
  return delay > LONGEST_TIMER ? never : clock.after(delay, callback)
}

/** As {@link startTimer}, for housekeeping: nobody waits, and the process may end before. */
export function startBackgroundTimer(clock: Clock, delay: number, callback: () => void): () => void {
  if (delay > LONGEST_TIMER) return never
  return clock.background?.(delay, callback) ?? clock.after(delay, callback)
}
