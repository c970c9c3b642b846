/**
 * Onion services against tor, over one private network of real tor: our client and the tor client at services of tor, then
 * the tor client at services of ours and at those of tor. Services of either lead to the same HTTP server.
 *
 * A cold connect is the first one to a service that the client has never met, once it has met another; what follows it goes
 * over the circuit that is there. Under another isolation a client of ours keeps nothing of what it knows, its descriptors
 * included, while tor has one store of descriptors for all.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { TorNetwork } from '../../tor/support/network.ts'
import { until } from '../../tor/support/poll.ts'
import { alternate, type Comparison, type Metric, type Turn } from '../compare.ts'
import { cpuOf } from '../cpu.ts'
import type { DelayOrder } from '../delay.worker.ts'
import { socksFirstByte } from '../socks-first-byte.ts'
import type { Order, Outcome } from '../transfer.ts'
import { Worker } from '../worker.ts'

/** What onion.worker.ts is told. */
export type OnionOrder =
  | { readonly kind: 'open'; readonly authorities: string }
  | { readonly kind: 'serve'; readonly count: number; readonly targetPort: number }
  | { readonly kind: 'first'; readonly hostname: string; readonly isIsolated: boolean }
  | { readonly kind: 'requests'; readonly hostname: string; readonly count: number }
  | { readonly kind: 'down' | 'up'; readonly hostname: string; readonly length: number }

/** What it answers: what it was not asked for is empty. */
export interface OnionAnswer {
  readonly seconds: number
  /** CPU seconds of that process, all threads. */
  readonly cpu: number
  readonly hostnames: readonly string[]
}

/** Services that are met cold, once by each client. One more is met before, and used for everything else. */
const SERVICES = 5

/** How long each client has before a cold connect to get ready what it keeps ready, in ms. */
const REST = 5000

/** What the warming up moves, in lengths: V8 compiles while it runs. */
const WARM_UP = 3

/** Connects under other isolations, new streams, and turns of everything else. */
const CONNECTS = 10
const STREAMS = 40
const FAR_STREAMS = 8
const REQUESTS = 100
const TURNS = 3

/** A client as it is measured. */
interface Client {
  /** Seconds until the first byte of an answer, as the first one of its isolation if that is another. */
  first(hostname: string, isIsolated: boolean): Promise<number>
  /** Seconds that so many requests take, one after the other. */
  requests(hostname: string, count: number): Promise<number>
  transfer(kind: 'down' | 'up', hostname: string, length: number): Promise<Outcome>
}

/** A client at the services of one server. */
interface Side {
  readonly client: Client
  readonly hostnames: readonly string[]
  /** Whose CPU time is looked at. */
  readonly pid: number
}

/** How far relays are from one another and from clients, in ms each way, where distance is what counts. */
const FAR = 50

/**
 * Compares both sides of onion services, with `length` bytes a transfer; and how long it takes to connect where relays are
 * far apart, which is what a person waits for.
 *
 * @param programs the folder of the workers
 */
export async function compareOnions(length: number, programs: URL): Promise<Comparison[]> {
  return [
    ...(await compareOn('', 0, programs, (...sides) => compareSides(length, ...sides))),
    ...(await compareOn(`, ${FAR} ms a hop`, FAR, programs, (...sides) => compareConnects(FAR_STREAMS, ...sides))),
  ]
}

type Compare = (name: string, ours: Side, tors: Side) => Promise<Comparison[]>

/** Both sides, on a network of their own whose relays are `distance` ms apart. */
async function compareOn(where: string, distance: number, programs: URL, compare: Compare): Promise<Comparison[]> {
  const workers: { stop(): Promise<void> }[] = []
  let network: TorNetwork | undefined
  const start = <O extends object, A>(program: string): Worker<O, A> => {
    const worker = new Worker<O, A>(new URL(program, programs), network?.environment)
    workers.push(worker)
    return worker
  }
  try {
    const delays = distance > 0 ? start<DelayOrder, number[]>('delay.worker.js') : undefined
    network = await TorNetwork.start({
      authorities: 1,
      relays: 5,
      exits: 1,
      client: true,
      fast: true,
      ...(delays && { standBefore: (ports) => delays.obey({ ports, delay: distance }) }),
    })
    const { client: tors, dirAuthorityLines: authorities, httpPort: targetPort } = network
    if (tors === undefined) throw new Error('the network has no client')
    const visitor = start<OnionOrder, OnionAnswer>('onion.worker.js')
    const host = start<OnionOrder, OnionAnswer>('onion.worker.js')
    await visitor.obey({ kind: 'open', authorities })
    await host.obey({ kind: 'open', authorities })
    const count = SERVICES + 1
    const theirs = await network.startService('theirs', { count })
    const { hostnames: ours } = await host.obey({ kind: 'serve', count, targetPort })

    const torClient = (socksPort: number): Client =>
      clientOfTor(socksPort, () => start<Order, Outcome>('socks.worker.js'))
    return [
      ...(await compare(
        `onion client${where}`,
        { client: clientOf(visitor), hostnames: theirs.onions, pid: visitor.pid },
        { client: torClient(tors.socksPort), hostnames: theirs.onions, pid: tors.pid },
      )),
      ...(await withAnotherClient(network, async (socksPort) => {
        const another = torClient(socksPort)
        return await compare(
          `onion service${where}`,
          { client: another, hostnames: ours, pid: host.pid },
          { client: another, hostnames: theirs.onions, pid: theirs.pid },
        )
      })),
    ]
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await network?.stop()
  }
}

/** A tor client that has met none of the services yet. */
async function withAnotherClient<T>(network: TorNetwork, use: (socksPort: number) => Promise<T>): Promise<T> {
  const { socksPort, log, stop } = await network.startClient('another')
  try {
    await until('the other client', AbortSignal.timeout(60_000), () => log().includes('Bootstrapped 100%'))
    return await use(socksPort)
  } finally {
    await stop()
  }
}

const clientOf = (worker: Worker<OnionOrder, OnionAnswer>): Client => ({
  first: async (hostname, isIsolated) => (await worker.obey({ kind: 'first', hostname, isIsolated })).seconds,
  requests: async (hostname, count) => (await worker.obey({ kind: 'requests', hostname, count })).seconds,
  transfer: (kind, hostname, length) => worker.obey({ kind, hostname, length }),
})

function clientOfTor(socksPort: number, start: () => Worker<Order, Outcome>): Client {
  const socks = start()
  let isolations = 0
  const first = (hostname: string, isIsolated: boolean): Promise<number> =>
    socksFirstByte(
      socksPort,
      { hostname, port: 80 },
      { isAhead: true, ...(isIsolated ? { user: `user${isolations++}` } : {}) },
    )
  return {
    first,
    requests: async (hostname, count) => {
      const began = performance.now()
      for (let request = 0; request < count; request++) await first(hostname, false)
      return (performance.now() - began) / 1000
    },
    transfer: async (kind, hostname, length) => {
      await socks.obey({ kind: 'open', path: socksPort, hostname, port: 80 })
      return await socks.obey({ kind, length })
    },
  }
}

/** Puts the results of one metric after the other into a list. */
class Comparing {
  readonly results: Comparison[] = []
  readonly #ours: Side
  readonly #tors: Side

  constructor(ours: Side, tors: Side) {
    this.#ours = ours
    this.#tors = tors
  }

  async compare(metrics: readonly Metric[], turns: number, turnOf: (side: Side) => Turn): Promise<void> {
    this.results.push(...(await alternate(metrics, 'tor', turns, turnOf(this.#ours), turnOf(this.#tors))))
  }
}

const usual = ({ hostnames }: Side): string => hostnames[0] as string

/**
 * How long it takes to connect: to services that were not met before, by circuits of another isolation, and `streams` times by
 * one that is there.
 */
async function compareConnects(streams: number, name: string, ours: Side, tors: Side): Promise<Comparison[]> {
  const comparing = new Comparing(ours, tors)
  for (const side of [ours, tors]) await side.client.first(usual(side), false)
  const inSeconds = (what: string): Metric => ({ name: `${name}: ${what}`, unit: 's', better: 'less' })
  await comparing.compare([inSeconds('cold connect to first byte')], SERVICES, (side) => {
    const left = side.hostnames.slice(1)
    return async () => {
      await delay(REST)
      return [await side.client.first(left.pop() as string, false)]
    }
  })
  await comparing.compare([inSeconds('connect to first byte, other isolation')], CONNECTS, (side) => async () => [
    await side.client.first(usual(side), true),
  ])
  for (const side of [ours, tors]) await side.client.requests(usual(side), 2 * streams)
  await comparing.compare([inSeconds('warm connect to first byte')], streams, (side) => async () => [
    await side.client.first(usual(side), false),
  ])
  return comparing.results
}

/** As {@link compareConnects}, and what connections carry. */
async function compareSides(length: number, name: string, ours: Side, tors: Side): Promise<Comparison[]> {
  const connects = await compareConnects(STREAMS, name, ours, tors)
  const comparing = new Comparing(ours, tors)
  const requests: Metric = { name: `${name}: ${REQUESTS} requests`, unit: '1/s', better: 'more' }
  await comparing.compare([requests], TURNS, (side) => async () => [
    REQUESTS / (await side.client.requests(usual(side), REQUESTS)),
  ])

  for (const kind of ['down', 'up'] as const) {
    const metrics: Metric[] = [
      { name: `${name}: MB/s ${kind}`, unit: 'MB/s', better: 'more' },
      { name: `${name}: CPU per MB ${kind}`, unit: 'CPU s/MB', better: 'less' },
    ]
    const turnOf = (side: Side) => async (): Promise<readonly number[]> => {
      const before = cpuOf(side.pid)
      const { seconds } = await side.client.transfer(kind, usual(side), length)
      return [length / 1e6 / seconds, (cpuOf(side.pid) - before) / (length / 1e6)]
    }
    for (const side of [ours, tors]) await side.client.transfer(kind, usual(side), WARM_UP * length)
    await comparing.compare(metrics, TURNS, turnOf)
  }
  return [...connects, ...comparing.results]
}
