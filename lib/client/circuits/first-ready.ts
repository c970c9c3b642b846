/**
 * A circuit that may be used, of several that are begun one after the other: a further one when those that there are take
 * long. None is given up for that: what is slow may still come, and on a slow network everything is.
 *
 * @module
 */
import { MAX_PATIENCE } from './build-times/build-times.ts'
import type { PooledCircuit } from './pooled-circuit.ts'

/** How many are waited for together, and how many are begun in all. */
const MAX_TOGETHER = 4
const MAX_BEGUN = 8

/** What the search needs. */
export interface FirstReadyOptions {
  /** How long they are waited for before a further one is begun, in ms; `Infinity` while none would get further. */
  patience(): number
  /** Waits so many ms, or until the signal says that it need not. Rejects when nobody wants the circuit any more. */
  pause(delay: number, enough: AbortSignal): Promise<void>
  /** Begins a further one, which avoids what those that there are have yet to reach. */
  another(pending: readonly PooledCircuit[]): Promise<PooledCircuit>
  /** One is not used: it failed, or another was there first. */
  passedOver(circuit: PooledCircuit, failure: unknown): void
}

/** What the wait for some circuits came to. */
type Outcome =
  { readonly ready: PooledCircuit } | { readonly failed: PooledCircuit; readonly failure: unknown } | undefined

/**
 * The first of them that may be used.
 *
 * @throws the failure of the last one when all have failed, or what `pause` rejects with
 */
export async function firstReady(first: PooledCircuit, options: FirstReadyOptions): Promise<PooledCircuit> {
  const pending = new Map<PooledCircuit, Promise<Outcome>>()
  const wait = (circuit: PooledCircuit): void => {
    const outcome = circuit.ready.then(
      () => ({ ready: circuit }),
      (failure: unknown) => ({ failed: circuit, failure }),
    )
    pending.set(circuit, outcome)
  }
  wait(first)
  try {
    for (let begun = 1; ;) {
      const enough = new AbortController()
      // Without a further one to begin it is waited all the same: somebody may not want it any more.
      const isFull = pending.size === MAX_TOGETHER || begun === MAX_BEGUN
      const delay = isFull ? Infinity : Math.min(MAX_PATIENCE, options.patience())
      const patience = options.pause(delay, enough.signal).then(() => undefined)
      const outcome = await Promise.race([...pending.values(), patience]).finally(() => enough.abort())
      if (outcome === undefined) {
        if (options.patience() === Infinity) continue
        begun += 1
        const another = await options.another([...pending.keys()]).catch(() => undefined) // those under way are all that there is
        if (another === undefined) continue
        if (pending.has(another)) options.passedOver(another, undefined)
        else wait(another)
      } else if ('ready' in outcome) {
        pending.delete(outcome.ready)
        return outcome.ready
      } else {
        pending.delete(outcome.failed)
        options.passedOver(outcome.failed, outcome.failure)
        if (pending.size === 0) throw outcome.failure
      }
    }
  } finally {
    for (const circuit of pending.keys()) options.passedOver(circuit, undefined)
  }
}
