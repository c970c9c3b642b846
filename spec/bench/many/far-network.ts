/**
 * A test network in a thread of its own, as a client's thread sees it: links to its relays are pairs of streams that move
 * from there.
 *
 * @module
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import type { Link, LinkAddress, LinkTransport } from '../../../lib/platform/links/transport.ts'

/** What the thread tells first. */
export type FarGreeting = NetworkConfig

/** What it is asked for, and its answer to the same id. */
export interface FarDial {
  readonly id: number
  readonly address: LinkAddress
}
export type FarLink = Link & { readonly id: number }

/** The network. */
export interface FarNetwork {
  readonly config: NetworkConfig
  readonly transport: LinkTransport
  close(): Promise<void>
}

/** @param program - many-network.worker.js */
export async function startFarNetwork(program: URL): Promise<FarNetwork> {
  const thread = new Worker(program)
  const [config] = (await once(thread, 'message')) as [FarGreeting]
  const waiting = new Map<number, (link: FarLink) => void>()
  thread.on('message', (link: FarLink) => {
    waiting.get(link.id)?.(link)
    waiting.delete(link.id)
  })
  let last = 0
  const connect = (address: LinkAddress): Promise<Link> =>
    new Promise((resolve) => {
      const id = ++last
      waiting.set(id, resolve)
      thread.postMessage({ id, address } satisfies FarDial)
    })
  return { config, transport: { connect }, close: () => thread.terminate().then(() => undefined) }
}
