/**
 * A promise with its two ends apart. (`Promise.withResolvers` is not in Node 20.)
 *
 * @module
 */

/** A promise and the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** Makes a pending promise whose rejection, if it comes, counts as handled: who holds it may look or not. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue
    reject = onReason
  })
  markHandled(promise)
  return { promise, resolve, reject }
}

/** Says that nobody has to observe this promise's rejection: the same failure is told elsewhere. */
export function markHandled(promise: Promise<unknown>): void {
  promise.catch(() => undefined) // the failure reaches the application through another promise or stream
}

/** `making`, which is kept until it fails: then `forget` lets whoever asks next try again, and this one is told. */
export function forgetFailed<T>(making: Promise<T>, forget: () => void): Promise<T> {
  return making.catch((error: unknown) => {
    forget()
    throw error
  })
}
