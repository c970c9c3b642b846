/**
 * Listening to abort signals. However many of ours wait for one signal, it has a single listener of ours: runtimes warn
 * of a leak when there are more than ten, and a signal may be given to any number of fetches, streams and lookups.
 *
 * @module
 */

/** Who waits for a signal, in the order in which they came. */
interface Waiting {
  readonly callbacks: Set<{ readonly callback: () => void }>
  readonly listener: () => void
}

/** A signal is here while somebody waits for it. */
const waiting = new WeakMap<AbortSignal, Waiting>()

const nothing = (): void => undefined

/**
 * Calls `callback` once when `signal` aborts: now, if it has. What a callback throws is uncaught, and the others are
 * still called.
 *
 * @returns what forgets the callback; the last one to do so takes the listener off the signal
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return nothing
  if (signal.aborted) {
    callback()
    return nothing
  }
  const entry = { callback }
  const { callbacks } = waiting.get(signal) ?? listen(signal)
  callbacks.add(entry)
  return () => {
    if (callbacks.delete(entry) && callbacks.size === 0) stopListening(signal)
  }
}

/**
 * What `promise` comes to, unless the signal aborts before, or has: then it rejects with the signal's reason.
 *
 * @param signals - any of them
 * @param errorOf - makes what to reject with out of the reason
 */
export function unlessAborts<T>(
  promise: Promise<T>,
  signals: readonly AbortSignal[],
  errorOf: (reason: unknown) => unknown = (reason) => reason,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAnyAbort(signals, (reason) => reject(errorOf(reason)))
    promise.then(resolve, reject).finally(forget)
  })
}

/** As {@link onAbort}, for the first of several signals that aborts. */
export function onAnyAbort(signals: readonly AbortSignal[], callback: (reason: unknown) => void): () => void {
  let isOver = false
  const forgets: (() => void)[] = []
  const forget = (): void => {
    isOver = true
    for (const each of forgets.splice(0)) each()
  }
  for (const signal of signals) {
    if (isOver) break
    const off = onAbort(signal, () => {
      forget()
      callback(signal.reason)
    })
    if (!isOver) forgets.push(off)
  }
  return forget
}

/**
 * A signal that aborts with the first of several, as `AbortSignal.any` makes. Unlike that one it lets go of them: a
 * signal of `AbortSignal.any` stays on the list of each for as long as that lives (Node 20).
 */
export function firstOf(...signals: readonly AbortSignal[]): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const end = onAnyAbort(signals, (reason) => controller.abort(reason))
  return { signal: controller.signal, end }
}

function listen(signal: AbortSignal): Waiting {
  const callbacks: Waiting['callbacks'] = new Set()
  const listener = (): void => {
    stopListening(signal)
    // A set that is being walked shows no callback that another one has just forgotten.
    for (const entry of callbacks) {
      callbacks.delete(entry)
      try {
        entry.callback()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
  const entry = { callbacks, listener }
  waiting.set(signal, entry)
  signal.addEventListener('abort', listener)
  return entry
}

function stopListening(signal: AbortSignal): void {
  const { listener } = waiting.get(signal) ?? {}
  if (listener === undefined) return
  waiting.delete(signal)
  signal.removeEventListener('abort', listener)
}
