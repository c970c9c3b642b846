/**
 * The two clients from their start to a first byte, and a new stream on a circuit that is ready, over one private
 * network of real tor. Each start is a new process: cold with nothing kept, warm with what the last one kept.
 *
 * @module
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TorNetwork } from '../tor/support/network.ts'
import { alternate, type Comparison, type Metric } from './compare.ts'
import { asTorKeepsThem, makeLargeDirectory } from './scale/large-directory.ts'
import { socksFirstByte } from './socks-first-byte.ts'
import { Worker } from './worker.ts'

/** What client.worker.ts is told. It answers with seconds. */
export type ClientOrder =
  | { readonly kind: 'open'; readonly authorities: string; readonly storage: string; readonly port: number }
  | { readonly kind: 'latency'; readonly port: number; readonly optimistic: boolean }
  | { readonly kind: 'close' }

/** Starts of each client, cold and warm, and new streams of each. */
const STARTS = 3
const STREAMS = 100

/** As many relays as the public network has. */
const PUBLIC = 9000

/** Waits until somebody listens on the port. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await delay(5) // not yet; another program's start has nothing to wait for, and asking without a pause would slow it down
    } finally {
      socket.destroy()
    }
  }
}

/** Compares both clients' starts, and their latency. */
export async function compareClients(programs: URL): Promise<Comparison[]> {
  const network = await TorNetwork.start({ authorities: 3, relays: 3, exits: 2, client: true, fast: true })
  const kept = await mkdtemp(join(tmpdir(), 'tor-streams-bench-'))
  const workers: Worker<ClientOrder, number>[] = []
  try {
    const { httpPort: port, dirAuthorityLines: authorities, client } = network
    if (client === undefined) throw new Error('the network has no client')
    const ourWorker = (): Worker<ClientOrder, number> => {
      const worker = new Worker<ClientOrder, number>(new URL('client.worker.js', programs), network.environment)
      workers.push(worker)
      return worker
    }
    const ourStart = async (storage: string, lines = authorities): Promise<number> => {
      const began = performance.now()
      const worker = ourWorker()
      await worker.obey({ kind: 'open', authorities: lines, storage, port })
      const seconds = (performance.now() - began) / 1000
      await worker.obey({ kind: 'close' })
      await worker.stop()
      return seconds
    }
    const torStart = async (name: string, how: Parameters<TorNetwork['startClient']>[1] = {}): Promise<number> => {
      const began = performance.now()
      const { socksPort, stop } = await network.startClient(name, how)
      await listening(socksPort)
      await socksFirstByte(socksPort, { hostname: '127.0.0.1', port }, { isAhead: true })
      const seconds = (performance.now() - began) / 1000
      await stop()
      return seconds
    }

    const results: Comparison[] = []
    let turn = 0
    const cold: Metric = { name: 'cold start to first byte', unit: 's', better: 'less' }
    results.push(
      ...(await alternate(
        [cold],
        'tor',
        STARTS,
        async () => [await ourStart(join(kept, `cold${turn++}`))],
        async () => [await torStart(`cold${turn++}`)],
      )),
    )
    await ourStart(join(kept, 'warm'))
    await torStart('warm')
    const warm: Metric = { name: 'warm start to first byte', unit: 's', better: 'less' }
    results.push(
      ...(await alternate(
        [warm],
        'tor',
        STARTS,
        async () => [await ourStart(join(kept, 'warm'))],
        async () => [await torStart('warm')],
      )),
    )

    const now = Date.now()
    const large = await makeLargeDirectory(join(kept, 'warm'), PUBLIC, now)
    const ours = join(kept, 'large')
    await mkdir(ours, { mode: 0o700 })
    for (const name of ['consensus', 'certificates', 'microdescriptors'] as const)
      await writeFile(join(ours, name), large[name])
    const lines = large.authorityLines.split('\n')
    await ourStart(ours, large.authorityLines)
    await torStart('large', { lines, kept: asTorKeepsThem(large, now) })
    const publicSize: Metric = {
      name: `warm start to first byte, ${PUBLIC.toLocaleString('en')} relays`,
      unit: 's',
      better: 'less',
    }
    results.push(
      ...(await alternate(
        [publicSize],
        'tor',
        STARTS,
        async () => [await ourStart(ours, large.authorityLines)],
        async () => [await torStart('large', { lines })],
      )),
    )

    const ready = ourWorker()
    await ready.obey({ kind: 'open', authorities, storage: join(kept, 'warm'), port })
    for (const optimistic of [true, false]) {
      const metric: Metric = {
        name: `new stream, optimistic data ${optimistic ? 'on' : 'off'}`,
        unit: 's',
        better: 'less',
      }
      results.push(
        ...(await alternate(
          [metric],
          'tor',
          STREAMS,
          async () => [await ready.obey({ kind: 'latency', port, optimistic })],
          async () => [
            await socksFirstByte(client.socksPort, { hostname: '127.0.0.1', port }, { isAhead: optimistic }),
          ],
        )),
      )
    }
    return results
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await network.stop()
    await rm(kept, { recursive: true, force: true })
  }
}
