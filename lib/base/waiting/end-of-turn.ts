/**
 * Work for the end of this turn of the event loop: after every microtask, before anything new comes in. It is what lets
 * writes made in one turn share a cell without holding a byte longer than that.
 *
 * @module
 */
import { taskScheduler } from './next-task.ts'

const work: (() => void)[] = []
const departures: (() => void)[] = []
let isArranged = false
let schedule: (() => void) | undefined

/**
 * Calls `callback` once this turn's microtasks are done. Calls made meanwhile join the same round. What a callback
 * throws is uncaught; the others are still called, in another round.
 */
export function atEndOfTurn(callback: () => void): void {
  work.push(callback)
  arrange()
}

/**
 * As {@link atEndOfTurn}, but after all such work, and what work that brings about: for what sends the outcome off in
 * one piece.
 */
export function afterEndOfTurn(callback: () => void): void {
  departures.push(callback)
  arrange()
}

function arrange(): void {
  if (isArranged) return
  isArranged = true
  schedule ??= taskScheduler(run)
  schedule()
}

const next = (): (() => void) | undefined => work.shift() ?? departures.shift()

function run(): void {
  try {
    for (let callback = next(); callback !== undefined; callback = next()) callback()
  } finally {
    isArranged = false
    if (work.length + departures.length > 0) arrange()
  }
}
