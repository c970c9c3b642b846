/**
 * Bulk transfer through the whole client side in memory: channel, onion encryption of three hops, digests, windows, the
 * stream pair; no TLS. Each client has a process of its own, with relays in it whose work is not on the clock (see
 * far-side.ts).
 *
 * @module
 */
import { alternate, type Comparison, type Turn } from './compare.ts'
import { Worker } from './worker.ts'

/** What a process with a client is told to do; it answers with the seconds that it took. */
export interface BulkOrder {
  readonly client: 'ours' | 'naive'
  readonly direction: 'receive' | 'send'
  readonly length: number
  /** Compare every byte that is received. */
  readonly compare: boolean
}

/** Turns of each client in each direction, after those that warm up. */
const TURNS = 9

/** Turns in which the engine gets to know the code and the bytes are compared. */
const WARM_UP_TURNS = 5

/**
 * Compares both clients, over `length` bytes a turn.
 *
 * @param programs the folder of the workers
 */
export async function compareBulk(length: number, programs: URL): Promise<Comparison[]> {
  const process = (): Worker<BulkOrder, number> => new Worker(new URL('bulk.worker.js', programs))
  const workers = { ours: process(), naive: process() }
  try {
    const results: Comparison[] = []
    for (const direction of ['receive', 'send'] as const) {
      const turn =
        (client: BulkOrder['client'], compare = false): Turn =>
        async () => {
          const seconds = await workers[client].obey({ client, direction, length, compare })
          return [length / 1e6 / seconds]
        }
      for (let warm = 0; warm < WARM_UP_TURNS; warm++) {
        await turn('ours', true)()
        await turn('naive', true)()
      }
      const metric = { name: `bulk ${direction}`, unit: 'MB/s', better: 'more' } as const
      results.push(...(await alternate([metric], 'naive', TURNS, turn('ours'), turn('naive'))))
    }
    return results
  } finally {
    await Promise.all(Object.values(workers).map((worker) => worker.stop()))
  }
}
