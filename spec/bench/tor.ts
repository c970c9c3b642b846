/**
 * Against the tor client, over private networks of real tor, with relays that are bound by the CPU, so that clients and
 * not timers decide: under fixed windows; under congestion control; and under congestion control when every hop is far
 * away, where our own fixed windows are measured too. Each client transfers over one stream at a time, and has its own
 * process.
 *
 * @module
 */
import { TorNetwork } from '../tor/support/network.ts'
import { alternate, type Comparison, type Metric } from './compare.ts'
import { cpuOf } from './cpu.ts'
import type { DelayOrder } from './delay.worker.ts'
import type { Order, Outcome } from './transfer.ts'
import { Worker } from './worker.ts'

/** Turns of each client in each direction, after one that warms up. */
const TURNS = 5

/** What the warming up moves: V8 compiles while it runs. */
const WARM_UP = 60_000_000

/** A network to compare clients on. */
interface TorFixture {
  /** What it is called in the table. */
  readonly name: string
  readonly params: readonly string[]
  /** For how long each hop holds back what passes, in each direction, in ms. */
  readonly delay: number
  /** Bytes of a transfer, and of the one that warms up. */
  readonly length: number
  readonly warmUp: number
  readonly turns: number
  /** Our own fixed windows are compared with our congestion control too. */
  readonly windowsToo: boolean
  /** Relays and exits, where two paths that share only the exit are to be had. */
  readonly size?: { readonly relays: number; readonly exits: number }
}

/**
 * Compares both clients, with `length` bytes a transfer.
 *
 * @param programs the folder of the workers
 */
export function compareTor(length: number, programs: URL): Promise<Comparison[]> {
  const fixture = {
    name: 'windows',
    params: ['cc_alg=0'],
    delay: 0,
    length,
    warmUp: WARM_UP,
    turns: TURNS,
    windowsToo: false,
  }
  return compareOn(fixture, programs)
}

/**
 * Compares congestion control with that of tor and with fixed windows: without delay, and with 50 ms at each hop. Then with
 * tor as it is unless told otherwise, where the exit speaks conflux: its stream takes two circuits.
 *
 * @param programs the folder of the workers
 */
export async function compareFlow(length: number, programs: URL): Promise<Comparison[]> {
  const conflux = { params: ['cc_alg=2'], windowsToo: false, size: { relays: 6, exits: 2 } }
  // One circuit a stream: conflux would give tor two.
  const shared = { params: ['cc_alg=2', 'cfx_enabled=0'], windowsToo: true }
  return [
    ...(await compareOn({ ...shared, name: 'cc', delay: 0, length, warmUp: WARM_UP, turns: TURNS }, programs)),
    ...(await compareOn(
      { ...shared, name: 'cc, 50 ms a hop', delay: 50, length: length / 5, warmUp: length / 5, turns: 3 },
      programs,
    )),
    ...(await compareOn({ ...conflux, name: 'conflux', delay: 0, length, warmUp: WARM_UP, turns: TURNS }, programs)),
    ...(await compareOn(
      { ...conflux, name: 'conflux, 50 ms a hop', delay: 50, length: length / 5, warmUp: length / 5, turns: 3 },
      programs,
    )),
  ]
}

async function compareOn(fixture: TorFixture, programs: URL): Promise<Comparison[]> {
  const workers: { stop(): Promise<void> }[] = []
  let network: TorNetwork | undefined
  const start = <O extends object, A>(program: string): Worker<O, A> => {
    const worker = new Worker<O, A>(new URL(program, programs), network?.environment)
    workers.push(worker)
    return worker
  }
  try {
    const delays = fixture.delay > 0 ? start<DelayOrder, number[]>('delay.worker.js') : undefined
    network = await TorNetwork.start({
      fast: true,
      ...fixture.size,
      params: fixture.params,
      client: true,
      ...(delays && { standBefore: (ports) => delays.obey({ ports, delay: fixture.delay }) }),
    })
    const { client, httpPort: port } = network
    if (client === undefined) throw new Error('the network has no client')
    // What relays speak has methods, which no message between processes carries: the worker knows it itself.
    const path = network.path().map((relay) => ({ ...relay, protocols: undefined }))
    const ours = start<Order, Outcome>('ours.worker.js')
    const socks = start<Order, Outcome>('socks.worker.js')
    const windows = fixture.windowsToo ? start<Order, Outcome>('ours.worker.js') : undefined
    await ours.obey({ kind: 'open', path, port })
    await windows?.obey({ kind: 'open', path, port, windows: true })
    await socks.obey({ kind: 'open', path: client.socksPort, port })

    const results: Comparison[] = []
    for (const kind of ['down', 'up'] as const) {
      const turnOf =
        (worker: Worker<Order, Outcome>) =>
        async (length = fixture.length): Promise<readonly number[]> => {
          const { seconds, cpu } = await worker.obey({ kind, length })
          return [length / 1e6 / seconds, cpu / (length / 1e6)]
        }
      const torTurn = async (length = fixture.length): Promise<readonly number[]> => {
        const before = cpuOf(client.pid)
        const { seconds } = await socks.obey({ kind, length })
        return [length / 1e6 / seconds, (cpuOf(client.pid) - before) / (length / 1e6)]
      }
      await turnOf(ours)(fixture.warmUp)
      await torTurn(fixture.warmUp)
      const metrics: Metric[] = [
        { name: `${fixture.name}: MB/s ${kind}`, unit: 'MB/s', better: 'more' },
        { name: `${fixture.name}: CPU per MB ${kind}`, unit: 'CPU s/MB', better: 'less' },
      ]
      results.push(
        ...(await alternate(
          metrics,
          'tor',
          fixture.turns,
          () => turnOf(ours)(),
          () => torTurn(),
        )),
      )
      if (windows === undefined) continue
      await turnOf(windows)(fixture.warmUp)
      const ownWindows = await alternate(
        metrics,
        'our windows',
        fixture.turns,
        () => turnOf(ours)(),
        () => turnOf(windows)(),
      )
      results.push(...ownWindows.filter(({ unit }) => unit === 'MB/s'))
    }
    return results
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await network?.stop()
  }
}
