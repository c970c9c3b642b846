/**
 * What runs as a task of its own: everything that waits, input and timers among it, has had its turn before.
 *
 * @module
 */

/**
 * Gives a function that has `run` called in a task of its own, as soon as there can be one: by `setImmediate` where the
 * runtime has it, else by one message channel for good, as `setTimeout` would wait 4 ms in a browser. workerd has neither
 * by default. One call of `run` has to come before the next is asked for.
 */
export function taskScheduler(run: () => void): () => void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }
  if (setImmediate !== undefined) return () => void setImmediate(run)
  if (typeof MessageChannel === 'undefined') return () => void setTimeout(run)
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => run()
  return () => port2.postMessage(undefined)
}
