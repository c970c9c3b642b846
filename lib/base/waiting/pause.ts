/**
 * Waiting that can be given up.
 *
 * @module
 */
import { onAnyAbort, unlessAborts } from './abort.ts'
import { startTimer, type Clock } from './clock.ts'
import { TorError } from '../errors.ts'

/**
 * Waits for `delay` ms.
 *
 * @throws TorError `ABORTED` when one of the signals aborts, or has
 */
export function pause(clock: Clock, delay: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = signals.find((signal) => signal.aborted)
    if (gone !== undefined) return reject(aborted(gone.reason))
    if (delay === 0) return resolve()
    const stop = startTimer(clock, delay, () => {
      forget()
      resolve()
    })
    const forget = onAnyAbort(signals, (reason) => {
      stop()
      reject(aborted(reason))
    })
  })
}

/**
 * What `promise` comes to, unless one of the signals aborts before.
 *
 * @throws TorError `ABORTED`
 */
export function unlessAborted<T>(promise: Promise<T>, ...signals: readonly AbortSignal[]): Promise<T> {
  return unlessAborts(promise, signals, aborted)
}

const aborted = (cause: unknown): TorError => new TorError('ABORTED', 'it is not wanted any more', { cause })
