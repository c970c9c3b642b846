/**
 * `tor-streams serve PORT:HOST:PORT`.
 *
 * @module
 */
import type * as fs from 'node:fs/promises'
import type { TorClient } from '../../client/tor-client.ts'
import { forwardVisitors } from '../../node/onion/forward-visitors.ts'
import { OnionKey } from '../../onion/identity/onion-key.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { openNetwork, warner } from '../network/network.ts'
import { announce, StatusLine, type Terminal } from '../terminal/terminal.ts'
import type { ServeCommand } from '../usage/usage.ts'

/**
 * Serves until interrupted.
 *
 * @throws TorError as `serve` does; what reading and writing the key fails with, or TypeError for a file that is none
 */
export async function serveCommand(
  { targets, key, clients, pow, quiet, network: choice }: ServeCommand,
  { stdout, stderr, signal }: Terminal,
): Promise<void> {
  const line = new StatusLine(stderr, quiet)
  const ownKey = key === undefined ? undefined : await keyIn(key)
  const network = await openNetwork(choice, {
    signal,
    onProgress({ phase, percent, message }) {
      if (phase !== 'closed') line.show(`${String(percent).padStart(3)} %  ${message}`)
    },
  }).finally(() => line.clear())
  const warn = warner(network.tor, stderr, quiet)
  try {
    await warn()
    await serve(network.tor, { targets, key: ownKey, clients, pow }, { stdout, signal }, line)
  } finally {
    line.clear()
    await network.close()
    await warn() // what could not be written is known only now
  }
}

/** What is served, and by which key. */
interface Served extends Pick<ServeCommand, 'targets' | 'clients' | 'pow'> {
  readonly key: OnionKey | undefined
}

async function serve(
  tor: TorClient,
  { targets, key, clients, pow }: Served,
  { stdout, signal }: Pick<Terminal, 'stdout' | 'signal'>,
  line: StatusLine,
): Promise<void> {
  const service = await tor.serve({
    ports: [...targets.keys()],
    key,
    clients,
    pow,
    signal,
    onStatus({ phase, introductionPoints, uploads, problem = '' }) {
      if (phase === 'starting')
        line.show(`${introductionPoints} introduction points, ${uploads.ok} of ${uploads.of} directories  ${problem}`)
    },
  })
  const visits = forwardVisitors(service.incoming, targets)
  try {
    await service.published
    line.clear()
    for (const [port, target] of targets)
      await announce(stdout, `${service.hostname}:${port} leads to ${target.host}:${target.port}`)
    await service.closed
  } finally {
    await service.close()
    await visits
  }
}

/** The key in a file, or a new one that is written there before anybody can hear of it. */
async function keyIn(file: string): Promise<OnionKey> {
  const files = builtinModule<typeof fs>('node:fs/promises')
  try {
    return OnionKey.fromTor(new Uint8Array(await files.readFile(file)))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
  const key = OnionKey.generate()
  await files.writeFile(file, key.toTor().hs_ed25519_secret_key, { mode: 0o600, flag: 'wx' })
  return key
}
