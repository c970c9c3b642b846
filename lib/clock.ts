/**
 * Time, so that specs can bring their own.
 *
 * @module
 */

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `callback` once after `delay` milliseconds, unless the returned function is called before. */
  after(delay: number, callback: () => void): () => void
}

/** The runtime's own clock. Its timers do not keep a process alive by themselves where the runtime can say so. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, callback) {
    const timer: unknown = setTimeout(callback, delay)
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref()
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}
