/**
 * What the page of page-scale.ts does.
 *
 * @module
 */
import { systemClock, type Clock } from '../../../lib/base/waiting/clock.ts'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { IndexedDbStorage } from '../../../lib/platform/storage/indexed-db-storage.ts'
import { keeperOf, type KeptDirectory } from './kept-directory.ts'
import type { SyntheticNetwork } from './synthetic-network.ts'

const NAMES = ['consensus', 'certificates', 'microdescriptors'] as const

let shift = 0
let directory: KeptDirectory | undefined

const bytesAt = async (path: string): Promise<Uint8Array> =>
  new Uint8Array(await (await fetch(`/network/${path}`)).arrayBuffer())

/** Puts the documents where a page keeps them. */
export async function keep(): Promise<void> {
  const storage = new IndexedDbStorage('scale')
  for (const name of NAMES) await storage.write(name, await bytesAt(name))
  const config = (await (await fetch('/network/network.json')).json()) as NetworkConfig
  const authorities = config.authorities.map((each) => ({ ...each, rsaIdentity: new Uint8Array(20).fill(1) }))
  const later = (await (await fetch('/network/later.json')).json()) as SyntheticNetwork['later']
  const clock: Clock = { ...systemClock, now: () => Date.now() + shift }
  const changed: Parameters<typeof keeperOf>[0]['changed'] = (now, paths) => {
    paths.in(now).choosePath({ ports: [443] })
  }
  directory = keeperOf({ config: { ...config, authorities }, later, storage, clock, changed })
}

/** Reads and verifies what is kept, and chooses a path. Resolves with seconds. */
export async function load(): Promise<number> {
  const began = performance.now()
  await directory?.keeper.load()
  if (directory?.keeper.directory === undefined) throw new Error('the kept directory was not good')
  return (performance.now() - began) / 1000
}

/** Renews it an hour later, and chooses a path. Resolves with seconds. */
export async function renew(): Promise<number> {
  if (directory === undefined) throw new Error('nothing is kept')
  shift = 3_600_000
  const before = directory.keeper.directory
  const began = performance.now()
  await directory.keeper.refresh(directory.signal)
  const seconds = (performance.now() - began) / 1000
  if (directory.keeper.directory === before) throw new Error('it was not renewed')
  await directory.kept.settled()
  return seconds
}
