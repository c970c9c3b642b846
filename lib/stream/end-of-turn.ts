/**
 * Work for the end of this turn of the event loop: after every microtask, before anything new comes in. It is what lets
 * writes made in one turn share a cell without holding a byte longer than that.
 *
 * @module
 */

let queue: (() => void)[] = []
let schedule: ((run: () => void) => void) | undefined

/**
 * Calls `callback` once this turn's microtasks are done. Calls made meanwhile join the same round. What a callback throws is
 * uncaught; the others are still called, in another round.
 */
export function atEndOfTurn(callback: () => void): void {
  queue.push(callback)
  if (queue.length > 1) return
  schedule ??= scheduler()
  schedule(run)
}

function run(): void {
  let next = 0
  try {
    while (next < queue.length) queue[next++]?.()
  } finally {
    queue = queue.slice(next)
    if (queue.length > 0) schedule?.(run)
  }
}

/** `setImmediate` where the runtime has it, else one message channel for good: `setTimeout` would wait 4 ms in a browser. */
function scheduler(): (run: () => void) => void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => run()
  return () => port2.postMessage(undefined)
}
