/**
 * Against the tor client, over one private network of real tor: relays that are bound by the CPU and fixed windows, so that
 * clients and not timers decide. Each client transfers over one stream at a time, and has its own process.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { TorNetwork } from '../tor/support/network.ts'
import { alternate, type Comparison, type Metric, type Turn } from './compare.ts'
import type { Order, Outcome } from './transfer.ts'
import { Worker } from './worker.ts'

/** Turns of each client in each direction, after one that warms up. */
const TURNS = 5

/** What the warming up moves: V8 compiles while it runs. */
const WARM_UP = 60_000_000

/** A tick of /proc/PID/stat, in seconds. Linux has told programs 100 a second since ever. */
const TICK = 0.01

/** CPU seconds that a process has used so far, user and system (proc(5): fields 14 and 15, after the name in brackets). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK
}

/**
 * Compares both clients, with `length` bytes a transfer.
 *
 * @param programs the folder of the workers
 */
export async function compareTor(length: number, programs: URL): Promise<Comparison[]> {
  const network = await TorNetwork.start({ fast: true, params: ['cc_alg=0'], client: true })
  const workers: Worker<Order, Outcome>[] = []
  try {
    const { client } = network
    if (client === undefined) throw new Error('the network has no client')
    const start = (program: string): Worker<Order, Outcome> => {
      const worker = new Worker<Order, Outcome>(new URL(program, programs))
      workers.push(worker)
      return worker
    }
    const ours = start('ours.worker.js')
    const socks = start('socks.worker.js')
    await ours.obey({ kind: 'open', path: network.path(), port: network.httpPort })
    await socks.obey({ kind: 'open', path: client.socksPort, port: network.httpPort })

    const megabytes = length / 1e6
    const results: Comparison[] = []
    for (const kind of ['down', 'up'] as const) {
      const ourTurn = async (bytes: number): Promise<readonly number[]> => {
        const { seconds, cpu } = await ours.obey({ kind, length: bytes })
        return [megabytes / seconds, cpu / megabytes]
      }
      const torTurn = async (bytes: number): Promise<readonly number[]> => {
        const before = cpuOf(client.pid)
        const { seconds } = await socks.obey({ kind, length: bytes })
        return [megabytes / seconds, (cpuOf(client.pid) - before) / megabytes]
      }
      await ourTurn(WARM_UP)
      await torTurn(WARM_UP)
      const metrics: Metric[] = [
        { name: `MB/s ${kind}`, unit: 'MB/s', better: 'more' },
        { name: `CPU per MB ${kind}`, unit: 'CPU s/MB', better: 'less' },
      ]
      const turn = (run: (bytes: number) => Promise<readonly number[]>): Turn => () => run(length)
      results.push(...(await alternate(metrics, 'tor', TURNS, turn(ourTurn), turn(torTurn))))
    }
    return results
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await network.stop()
  }
}
