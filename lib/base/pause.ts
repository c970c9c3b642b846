/**
 * Waiting that can be given up.
 *
 * @module
 */
import type { Clock } from './clock.ts'
import { TorError } from './errors.ts'

/**
 * Waits for `delay` ms.
 *
 * @throws TorError `ABORTED` when one of the signals aborts, or has
 */
export function pause(clock: Clock, delay: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signals.some((signal) => signal.aborted)) return reject(aborted(signals))
    if (delay === 0) return resolve()
    const done = (): void => {
      stop()
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      done()
      reject(aborted(signals))
    }
    const stop = clock.after(delay, () => {
      done()
      resolve()
    })
    for (const signal of signals) signal.addEventListener('abort', onAbort)
  })
}

/**
 * What `promise` comes to, unless one of the signals aborts before.
 *
 * @throws TorError `ABORTED`
 */
export function unlessAborted<T>(promise: Promise<T>, ...signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signals))
    for (const signal of signals) signal.addEventListener('abort', onAbort)
    if (signals.some((signal) => signal.aborted)) onAbort()
    promise.then(resolve, reject).finally(() => {
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
    })
  })
}

function aborted(signals: readonly AbortSignal[]): TorError {
  return new TorError('ABORTED', 'it is not wanted any more', {
    cause: signals.find((signal) => signal.aborted)?.reason,
  })
}
