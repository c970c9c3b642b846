/** A process with one client and very many streams. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TorClient } from '../../lib/client/tor-client.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import type { ManyFigures, ManyOrder } from './many/many.ts'
import { startFarNetwork } from './many/far-network.ts'
import { serve } from './worker.ts'

/** How many are opened at a time. */
const AT_ONCE = 100

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The bytes of this thread's heap, once all that can be collected is. Buffers are not in it: they are those of circuits. */
async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve)) // finalizers run between turns
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** So many open streams, the same number for each name. */
async function open(tor: TorClient, names: readonly symbol[], count: number): Promise<TorStream[]> {
  const streams: TorStream[] = []
  for (const isolation of names) {
    for (let left = count / names.length; left > 0; left -= AT_ONCE) {
      const next = Array.from({ length: Math.min(left, AT_ONCE) }, () => tor.connect('example.com:80', { isolation }))
      await Promise.all(next.map(({ opened }) => opened))
      streams.push(...next)
    }
  }
  return streams
}

/** The numbers of the circuits that have streams. */
const inUse = (tor: TorClient): number[] => tor.circuits.filter(({ streams }) => streams.length > 0).map(({ id }) => id)

/** Takes no more streams to these circuits, so that they close. It looks now and then: to watch them would be counted, too. */
async function closeCircuits(tor: TorClient, used: readonly number[]): Promise<void> {
  tor.newIdentity()
  while (tor.circuits.some(({ id }) => used.includes(id))) await new Promise((resolve) => setTimeout(resolve, 10))
}

const pairOf = ({ readable, writable }: Pick<TorStream, 'readable' | 'writable'>): unknown => [
  readable.getReader(),
  writable.getWriter(),
]

async function measure(order: ManyOrder): Promise<ManyFigures> {
  const network = await startFarNetwork(new URL('many-network.worker.js', import.meta.url))
  const { config, transport } = network
  const tor = await TorClient.open({ network: config, transport, storage: new MemoryStorage() })
  try {
    const round = async (hold: (stream: TorStream) => unknown) => {
      const start = await held()
      const names = Array.from({ length: order.circuits }, () => Symbol())
      const first = await open(tor, names, order.circuits)
      const before = await held()
      const began = performance.now()
      let streams = await open(tor, names, order.streams)
      const seconds = (performance.now() - began) / 1000
      let holding: unknown[] = streams.map(hold)
      const opened = await held()
      const used = inUse(tor)
      if (used.length !== order.circuits || holding.length !== order.streams) throw new Error('they are not all there')
      await Promise.all(streams.map((stream) => stream.close()))
      streams = holding = []
      const closed = await held()
      await Promise.all(first.map((stream) => stream.close()))
      await closeCircuits(tor, used)
      const end = await held()
      const of = (bytes: number): number => (bytes - before) / order.streams
      return { opened: of(opened), closed: of(closed), start, end, seconds }
    }
    await round(() => undefined) // what is compiled and made once shall not count
    const idle = await round(() => undefined)
    const withStreams = await round(pairOf)
    const before = await held()
    const bare = Array.from({ length: order.streams }, () =>
      pairOf({ readable: new ReadableStream({ type: 'bytes' }), writable: new WritableStream() }),
    )
    const bareStreams = ((await held()) - before) / bare.length
    const { closed, start, end, seconds } = idle
    return { idle: idle.opened, withStreams: withStreams.opened, bareStreams, closed, start, end, seconds }
  } finally {
    await tor.close()
    await network.close()
  }
}

serve(measure)
