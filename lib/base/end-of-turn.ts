/**
 * Work for the end of this turn of the event loop: after every microtask, before anything new comes in. It is what lets
 * writes made in one turn share a cell without holding a byte longer than that.
 *
 * @module
 */

const work: (() => void)[] = []
const departures: (() => void)[] = []
let isArranged = false
let schedule: ((run: () => void) => void) | undefined

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
  schedule ??= scheduler()
  schedule(run)
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

/**
 * `setImmediate` where the runtime has it, else one message channel for good: `setTimeout` would wait 4 ms in a
 * browser. workerd has neither by default.
 */
function scheduler(): (run: () => void) => void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  if (typeof MessageChannel === 'undefined') return (callback) => void setTimeout(callback)
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => run()
  return () => port2.postMessage(undefined)
}
