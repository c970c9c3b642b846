/**
 * A process that is a client of this library with a SOCKS port, so that both fronts are measured apart from whoever
 * uses them.
 */
import { listenSocks } from '../../lib/node/listen-socks.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { createFetch, type Fetch } from '../../lib/fetch/create-fetch.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { FrontOrder } from './fronts.ts'
import { serve } from './worker.ts'

let tor: TorClient | undefined

/** Fetches `count` times, one after the other, and returns how many seconds it took. */
async function fetchTimes(fetch: Fetch | TorClient['fetch'], url: string, count: number): Promise<number> {
  const began = performance.now()
  for (let request = 0; request < count; request++) {
    const response = await fetch(url)
    if ((await response.text()) !== 'ok\n') throw new Error('there was another answer')
  }
  return (performance.now() - began) / 1000
}

serve(async (order: FrontOrder): Promise<number> => {
  if (order.kind === 'open') {
    const network = { authorities: parseDirAuthorityLines(order.authorities), fallbacks: [], testing: true }
    tor = await TorClient.open({ network, storage: new MemoryStorage() })
    const { connect, resolve } = tor
    return (await listenSocks({ connect, resolve, port: 0 })).port
  }
  if (tor === undefined) throw new Error('there is no client yet')
  return await fetchTimes(
    order.reuse ? tor.fetch : createFetch({ connect: tor.connect, maxIdlePerOrigin: 0 }),
    order.url,
    order.count,
  )
})
