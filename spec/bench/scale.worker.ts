/** A process that does one thing with a large directory, and says what it cost. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { secureRandom } from '../../lib/base/random.ts'
import { systemClock, type Clock } from '../../lib/base/waiting/clock.ts'
import { PathSelector } from '../../lib/client/paths/path-selection.ts'
import type { NetworkDirectory } from '../../lib/directory/network-directory.ts'
import { FileStorage } from '../../lib/platform/storage/file-storage.ts'
import { serve } from './worker.ts'
import { keeperOf } from './scale/kept-directory.ts'
import { Stalls } from './scale/stalls.ts'
import { readConfig, type Figures } from './scale/kept-network.ts'
import { makeSyntheticNetwork, type SyntheticNetwork } from './scale/synthetic-network.ts'

/** What it is told; `folder` has a network that {@link ScaleOrder} `make` made. */
export type ScaleOrder =
  | { readonly kind: 'make'; readonly folder: string; readonly count: number }
  | { readonly kind: 'read' | 'renew' | 'choose'; readonly folder: string; readonly watches: boolean }

const MB = 1_000_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Heap and buffers in use, in bytes. */
function inUse(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function make(folder: string, count: number): Promise<Figures> {
  const { consensus, certificates, microdescriptors, config, later } = await makeSyntheticNetwork(count, Date.now())
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries({ consensus, certificates, microdescriptors }))
    await writeFile(join(folder, name), text)
  await writeFile(join(folder, 'later.json'), JSON.stringify(later))
  await writeFile(join(folder, 'network.json'), JSON.stringify(config))
  return {}
}

/** A keeper of the directory in a folder. */
async function keeperIn(folder: string, clock: Clock, changed: Parameters<typeof keeperOf>[0]['changed']) {
  const config = await readConfig(folder)
  const later = JSON.parse(await readFile(join(folder, 'later.json'), 'utf8')) as SyntheticNetwork['later']
  return keeperOf({ config, later, storage: new FileStorage(folder), clock, changed })
}

/** Reads and verifies what is kept. */
async function read(folder: string, watches: boolean): Promise<Figures> {
  const holder: { directory?: NetworkDirectory } = {}
  const { keeper } = await keeperIn(folder, systemClock, (directory) => (holder.directory = directory))
  const before = inUse()
  const stalls = watches ? new Stalls() : undefined
  const began = performance.now()
  const cpu = process.cpuUsage()
  await keeper.load()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const stall = await stalls?.end()
  if (stall !== undefined) return { stall: stall.cpu, stallWall: stall.ms }
  if (holder.directory === undefined) throw new Error('the kept directory was not good')
  const heap = inUse() - before
  const relays = keeper.directory?.relays.length ?? 0
  return { seconds, cpu: (user + system) / MB, heap: heap / MB, relays }
}

/** Chooses paths. */
async function choose(folder: string): Promise<Figures> {
  const { keeper, guards } = await keeperIn(folder, systemClock, () => undefined)
  await keeper.load()
  const directory = keeper.directory as NetworkDirectory
  const before = inUse()
  const paths = new PathSelector(directory, { guards, random: secureRandom })
  const began = performance.now()
  paths.choosePath({ ports: [443] })
  const first = (performance.now() - began) * 1000
  const times: number[] = []
  const ports = [443, 80, 443, 22, 443, 8333]
  for (let turn = 0; turn < 2000; turn++) {
    const cpu = process.cpuUsage()
    const at = performance.now()
    const { guard } = paths.choosePath({ ports: [ports[turn % ports.length] as number], host: 'example.com' })
    const elapsed = (performance.now() - at) * 1000
    const { user, system } = process.cpuUsage(cpu)
    // What others on the machine took of it is not ours.
    times.push(Math.min(elapsed, user + system))
    guards.cancelled(guard)
  }
  times.sort((a, b) => a - b)
  return {
    first,
    median: times[times.length >> 1] as number,
    p99: times[Math.floor(times.length * 0.99)] as number,
    heap: (inUse() - before) / MB,
  }
}

/** Renews what is kept an hour later. */
async function renew(folder: string, watches: boolean): Promise<Figures> {
  let shift = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + shift }
  const { keeper, kept, signal } = await keeperIn(folder, clock, (directory, paths) => {
    paths.in(directory).choosePath({ ports: [443] })
  })
  await keeper.load()
  const before = inUse()
  shift = 3_600_000
  await delay(100)
  const stalls = watches ? new Stalls() : undefined
  const began = performance.now()
  const cpu = process.cpuUsage()
  await keeper.refresh(signal)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const stall = await stalls?.end()
  await kept.settled()
  if (stall !== undefined) return { stall: stall.cpu, stallWall: stall.ms }
  const growth = (inUse() - before) / MB
  return { seconds, cpu: (user + system) / MB, growth }
}

serve((order: ScaleOrder): Promise<Figures> => {
  if (order.kind === 'make') return make(order.folder, order.count)
  return { read, renew, choose }[order.kind](order.folder, order.watches)
})
