/**
 * A directory of the public network's size: what it costs to read, to keep, to renew and to choose paths in, beside what
 * it may cost. Each is measured in a process of its own, on a copy of one made-up network.
 *
 * @module
 */
import { cp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Comparison } from '../compare.ts'
import { Worker } from '../worker.ts'
import type { Figures } from './kept-network.ts'
import type { OpenOrder } from '../open.worker.ts'
import type { ScaleOrder } from '../scale.worker.ts'

/** As many relays as the public network has. */
const PUBLIC = 9000

/** How old the made-up network may be: its consensus holds for three hours. In ms. */
const REUSED_FOR = 3_000_000

/** What each figure may be at most. */
const AIMS: readonly (readonly [
  order: 'read' | 'open' | 'renew' | 'choose',
  figure: string,
  name: string,
  unit: string,
  aim: number,
])[] = [
  ['read', 'seconds', 'read and verify a kept directory', 's', 1],
  ['read', 'cpu', 'the same, of the processor', 's', 1],
  ['read', 'heap', 'memory of the directory', 'MB', 25],
  ['open', 'seconds', 'from start to the first circuit begun, kept directory', 's', 1],
  ['open', 'loaded', 'of which loading modules', 's', 0.2],
  ['open', 'stall', 'longest stall while opening', 'ms', 20],
  ['open', 'rss', 'resident memory of an open client', 'MB', 120],
  ['open', 'rssSettled', 'the same after a collection', 'MB', 120],
  ['open', 'disk', 'disk', 'MB', 25],
  ['choose', 'first', 'the first path chosen', 'us', 20_000],
  ['choose', 'median', 'a path chosen, median', 'us', 50],
  ['choose', 'p99', 'a path chosen, 99 of 100', 'us', 500],
  ['choose', 'heap', 'memory for choosing paths', 'MB', 5],
  ['renew', 'seconds', 'renew the directory', 's', 2],
  ['renew', 'stall', 'longest stall while renewing', 'ms', 10],
  ['renew', 'growth', 'memory after a renewal, beyond before', 'MB', 2],
]

/** Measures, and says beside each figure what it may be. Of stalls and times the shortest of `turns` counts: whatever makes one longer is not ours. */
export async function compareScale(programs: URL, turns: number, count: number = PUBLIC): Promise<Comparison[]> {
  const original = join(tmpdir(), `tor-streams-bench-network-${count}`)
  const copy = join(tmpdir(), `tor-streams-bench-scale-${process.pid}`)
  const order = async (name: string, order: ScaleOrder | OpenOrder): Promise<Figures> => {
    const worker = new Worker<ScaleOrder | OpenOrder, Figures>(new URL(name, programs))
    try {
      return await worker.obey(order)
    } finally {
      await worker.stop()
    }
  }
  try {
    if (!(await isThere(join(original, 'network.json')))) {
      await rm(original, { recursive: true, force: true })
      await order('scale.worker.js', { kind: 'make', folder: original, count })
    }
    const figures = new Map<string, Figures[]>()
    for (let turn = 0; turn < turns; turn++) {
      for (const kind of ['read', 'open', 'choose', 'renew'] as const) {
        for (const watches of kind === 'choose' ? [false] : [false, true]) {
          await rm(copy, { recursive: true, force: true })
          await cp(original, copy, { recursive: true })
          const measured =
            kind === 'open'
              ? await order('open.worker.js', { folder: copy, watches })
              : await order('scale.worker.js', { kind, folder: copy, watches })
          figures.set(kind, [...(figures.get(kind) ?? []), measured])
        }
      }
    }
    return AIMS.map(([kind, figure, name, unit, aim]) => {
      const ours = Math.min(...(figures.get(kind) ?? []).map((each) => each[figure] ?? Infinity))
      return { name, unit, ours, peer: aim, peerName: 'aim', ratio: ours / aim, better: 'less' }
    })
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** True when the file was made a short time ago, in this hour. */
async function isThere(file: string): Promise<boolean> {
  const HOUR = 3_600_000
  try {
    const { mtimeMs } = await stat(file)
    return Math.floor(mtimeMs / HOUR) === Math.floor(Date.now() / HOUR) && Date.now() - mtimeMs < REUSED_FOR
  } catch {
    return false // it was not made yet
  }
}
