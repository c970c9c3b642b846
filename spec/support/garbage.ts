/**
 * Whether objects that are over are let go: needs a runtime with `gc()`.
 *
 * @module
 */
import { turn } from './turn.ts'

/** How many rounds of collection an object may live through: finalizers, and promises that settle late. */
const ROUNDS = 12

/** Collects what nobody holds. Node, Deno and Bun are started with a `gc()` for specs. */
export async function collectGarbage(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('The runtime must be started with --expose-gc')
  await turn(2)
  await new Promise<void>((resolve) => setTimeout(resolve)) // a WeakRef that was looked at holds until the task is over
  gc()
}

/** How many of these are still held once all that can be collected is. */
export async function held(refs: readonly WeakRef<object>[]): Promise<number> {
  let left = refs.length
  for (let round = 0; round < ROUNDS && left > 0; round++) {
    await collectGarbage()
    left = refs.filter((ref) => ref.deref() !== undefined).length
  }
  return left
}
