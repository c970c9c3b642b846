/** A process that opens a client on a kept directory and has nothing else in it, and says what that costs. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from './worker.ts'
import { readConfig, type Figures } from './scale/kept-network.ts'
import { Stalls } from './scale/stalls.ts'

/** What it is told: where the directory is, and whether the event loop is watched, or else the rest. */
export interface OpenOrder {
  readonly folder: string
  readonly watches: boolean
}

/** How long the client is left alone before it is looked at, in ms. */
const QUIET = 2000

const MB = 1_000_000

/** Opens a client on what is kept, up to its first circuit, for which nobody answers. */
serve(async ({ folder, watches }: OpenOrder): Promise<Figures> => {
  const network = await readConfig(folder)
  const bare = process.memoryUsage()
  const began = performance.now()
  const { TorClient } = await import('../../lib/client/tor-client.ts')
  const { FileStorage } = await import('../../lib/platform/storage/file-storage.ts')
  const loaded = performance.now() - began
  const stalls = watches ? new Stalls() : undefined
  const cpu = process.cpuUsage()
  const giveUp = new AbortController()
  let opened = 0
  let used = { user: 0, system: 0 }
  await new Promise<void>((resolve, reject) => {
    TorClient.open({
      network,
      storage: new FileStorage(folder),
      signal: giveUp.signal,
      transport: { connect: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)) },
      onProgress: ({ phase }) => {
        if (phase !== 'circuit' || opened > 0) return
        opened = performance.now() - began
        used = process.cpuUsage(cpu)
        setTimeout(resolve, QUIET)
      },
    }).catch(reject)
  })
  const stall = await stalls?.end()
  const open = process.memoryUsage()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const settled = process.memoryUsage()
  giveUp.abort()
  const names = ['consensus', 'certificates', 'microdescriptors']
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then(({ size }) => size)))
  if (stall !== undefined) return { stall: stall.cpu, stallWall: stall.ms }
  return {
    loaded: loaded / 1000,
    seconds: opened / 1000,
    cpu: (used.user + used.system) / MB,
    rssBare: bare.rss / MB,
    rss: open.rss / MB,
    rssSettled: settled.rss / MB,
    heap: (settled.heapUsed + settled.arrayBuffers - bare.heapUsed - bare.arrayBuffers) / MB,
    disk: sizes.reduce((sum, size) => sum + size, 0) / MB,
  }
})
