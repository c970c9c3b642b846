/**
 * What keeps a made-up directory as a client does: it reads and verifies what a storage has, and renews it from what there is an
 * hour later. It runs in a page, too.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { secureRandom } from '../../../lib/base/random.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { ClientStore } from '../../../lib/client/bootstrap/client-store.ts'
import { DirectoryKeeper } from '../../../lib/client/bootstrap/directory-keeper.ts'
import { GuardManager } from '../../../lib/client/guards/guards.ts'
import { PathsByDirectory } from '../../../lib/client/paths/paths-by-directory.ts'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import type { NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { encodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Storage } from '../../../lib/platform/storage/storage.ts'
import { FakeSource } from '../../client/support/fake-source.ts'
import type { SyntheticNetwork } from './synthetic-network.ts'

/** What it is made of. */
export interface KeptDirectoryOptions {
  readonly config: NetworkConfig
  readonly later: SyntheticNetwork['later']
  readonly storage: Storage
  readonly clock: Clock
  readonly changed: (directory: NetworkDirectory, paths: PathsByDirectory) => void
}

/** What keeps a directory, and what goes with it in a client. */
export interface KeptDirectory {
  readonly keeper: DirectoryKeeper
  readonly guards: GuardManager
  readonly kept: ClientStore
  readonly signal: AbortSignal
}

/** Makes it. Nothing is read yet. */
export function keeperOf({ config, later, storage, clock, changed }: KeptDirectoryOptions): KeptDirectory {
  const { signal } = new AbortController()
  const byDigest = new Map<string, string>()
  for (const text of later.microdescriptors.split(/(?=^onion-key$)/m))
    byDigest.set(encodeBase64(sha256(new TextEncoder().encode(text))), text)
  const source = new FakeSource((path) => {
    if (path.includes('consensus')) return later.consensus
    const digests = path
      .replace(/^.*\/d\//, '')
      .replace(/\.z$/, '')
      .split('-')
    return digests.map((digest) => byDigest.get(digest) ?? '').join('')
  })
  const guards = GuardManager.load(undefined, { now: () => clock.now(), random: secureRandom })
  const paths = new PathsByDirectory(() => ({ guards, random: secureRandom }))
  const kept = new ClientStore(storage, clock, signal)
  const keeper = new DirectoryKeeper({
    network: config,
    source,
    kept,
    clock,
    platform: currentPlatform(),
    closing: signal,
    random: () => 0.5,
    missingOfGuards: (directory) =>
      guards.missingMicrodescriptors(directory).map(({ microdescriptorDigest }) => microdescriptorDigest),
    progress: () => undefined,
    prepare: (directory) => paths.prepare(directory),
    changed: (directory) => {
      guards.updateDirectory(directory)
      changed(directory, paths)
    },
    warn: () => undefined,
  })
  return { keeper, guards, kept, signal }
}
