/**
 * A page that specs drive: `perform` does something in the window, or has it done in a worker or a service worker of it.
 *
 * @module
 */
import { act, type ActionName, type ActionOutcome } from './actions.ts'

/** Where something is done. */
export type Where = 'window' | 'worker' | 'service worker'

let worker: Worker | undefined

/** @returns what {@link act} gives */
export async function perform(what: {
  readonly where: Where
  readonly name: ActionName
  readonly argument: unknown
}): Promise<ActionOutcome> {
  const { where, name, argument } = what
  if (where === 'window') return await act(name, argument)
  const { port1, port2 } = new MessageChannel()
  const answer = new Promise<ActionOutcome>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<ActionOutcome>) => resolve(data)
  })
  const target = where === 'worker' ? (worker ??= new Worker('/worker.js')) : await serviceWorker()
  target.postMessage({ name, argument }, [port2])
  return await answer
}

async function serviceWorker(): Promise<ServiceWorker> {
  const { serviceWorker } = navigator
  const registered = await serviceWorker.getRegistration()
  if (registered === undefined) await serviceWorker.register('/worker.js')
  const { active } = await serviceWorker.ready
  if (active === null) throw new Error('the service worker is not active')
  return active
}
