/**
 * A circuit that may be used, of several that are begun one after the other: a further one when those that there are take
 * long. None is given up for that: what is slow may still come, and on a slow network everything is.
 *
 * @module
 */
import { delayBefore } from './build-attempts.ts'
import { MAX_PATIENCE } from './build-times/build-times.ts'

/** How many are waited for together, and how many are begun in all. */
const MAX_TOGETHER = 4
const MAX_BEGUN = 8

/** What the search needs. */
export interface FirstReadyOptions<C> {
  /** How long they are waited for before a further one is begun, in ms; `Infinity` while none would get further. */
  patience(): number
  /** Waits so many ms, or until the signal says that it need not. Rejects when nobody wants the circuit any more. */
  pause(delay: number, enough: AbortSignal): Promise<void>
  /** Begins a further one, which avoids what those that there are have yet to reach. */
  another(pending: readonly C[]): Promise<C>
  /** One is not used: it failed, or another was there first. */
  passedOver(circuit: C, failure: unknown): void
}

/** What the wait for some circuits came to: nothing when it was long. */
type Outcome<C> =
  | { readonly ready: C }
  | { readonly failed: C; readonly failure: unknown }
  | { readonly another: C | undefined }
  | undefined

/**
 * The first of them that may be used.
 *
 * When one fails its place is taken at once, and further and further apart when that goes on, as it would be if there were
 * no others: those may wait in a silence that the failure has just ended, as that of a dead link.
 *
 * @throws the failure of the last one when all have failed, or what `pause` rejects with
 */
export async function firstReady<C extends { readonly ready: Promise<void>; readonly isReady: boolean }>(
  first: C,
  options: FirstReadyOptions<C>,
): Promise<C> {
  if (first.isReady) return first
  const pending = new Map<C, Promise<Outcome<C>>>()
  const wait = (circuit: C): void => {
    const outcome = circuit.ready.then(
      () => ({ ready: circuit }),
      (failure: unknown) => ({ failed: circuit, failure }),
    )
    pending.set(circuit, outcome)
  }
  wait(first)
  let begun = 1
  let failures = 0
  let lastFailure: unknown
  /** How long it is until a circuit takes the place of one that failed, in ms. */
  let delay: number | undefined
  /** The further one that is being begun, which may take its time. */
  let coming: Promise<{ readonly another: C | undefined }> | undefined
  try {
    for (;;) {
      const enough = new AbortController()
      // Without a further one to begin it is waited all the same: somebody may not want it any more.
      const isFull = pending.size === MAX_TOGETHER || begun === MAX_BEGUN || coming !== undefined
      const patience = isFull ? Infinity : (delay ?? Math.min(MAX_PATIENCE, options.patience()))
      const waited = options.pause(patience, enough.signal).then(() => undefined)
      const all = [...pending.values(), ...(coming ? [coming] : []), waited]
      const outcome = await Promise.race(all).finally(() => enough.abort())
      if (outcome === undefined) {
        if (delay === undefined && options.patience() === Infinity) continue
        delay = undefined
        begun += 1
        coming = options.another([...pending.keys()]).then(
          (another) => ({ another }),
          () => ({ another: undefined }), // those under way are all that there is
        )
      } else if ('ready' in outcome) {
        pending.delete(outcome.ready)
        return outcome.ready
      } else if ('another' in outcome) {
        coming = undefined
        const { another } = outcome
        if (another !== undefined && !pending.has(another)) wait(another)
        else if (another !== undefined) options.passedOver(another, undefined)
        if (pending.size === 0) throw lastFailure
      } else {
        pending.delete(outcome.failed)
        options.passedOver(outcome.failed, outcome.failure)
        lastFailure = outcome.failure
        failures += 1
        delay = delayBefore(failures)
        if (pending.size === 0 && coming === undefined) throw outcome.failure
      }
    }
  } finally {
    for (const circuit of pending.keys()) options.passedOver(circuit, undefined)
    void coming?.then(({ another }) => another && options.passedOver(another, undefined))
  }
}
