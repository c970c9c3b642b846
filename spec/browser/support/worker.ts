/**
 * A worker, or a service worker, that does what the window tells it.
 *
 * @module
 */
import { act, type ActionName } from './actions.ts'

addEventListener('message', (event: Event) => {
  const { data, ports } = event as MessageEvent<{ readonly name: ActionName; readonly argument: unknown }>
  const done = act(data.name, data.argument).then((outcome) => ports[0]?.postMessage(outcome))
  // A service worker is kept for it.
  ;(event as { waitUntil?: (promise: Promise<unknown>) => void }).waitUntil?.(done)
})
