/**
 * An abort signal that tells how many listen to it.
 *
 * @module
 */

export interface WatchedSignal {
  readonly abort: AbortController
  readonly signal: AbortSignal
  /** How many listen now. */
  listeners(): number
  /** The most that did at once. */
  most(): number
}

/** Makes one. */
export function watchedSignal(): WatchedSignal {
  const abort = new AbortController()
  const { signal } = abort
  const listening = new Set<unknown>()
  let most = 0
  const add = signal.addEventListener.bind(signal) as (...args: readonly unknown[]) => void
  const remove = signal.removeEventListener.bind(signal) as (...args: readonly unknown[]) => void
  Object.assign(signal, {
    addEventListener(...args: readonly unknown[]) {
      listening.add(args[1])
      most = Math.max(most, listening.size)
      add(...args)
    },
    removeEventListener(...args: readonly unknown[]) {
      listening.delete(args[1])
      remove(...args)
    },
  })
  return { abort, signal, listeners: () => listening.size, most: () => most }
}
