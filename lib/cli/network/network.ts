/**
 * Opening a client on the network that the command line names.
 *
 * @module
 */
import type * as fs from 'node:fs/promises'
import { isInternalAddress, parseIPAddress } from '../../cell/ip-address.ts'
import type { TorClientOptions } from '../../client/client-options.ts'
import { TorClient } from '../../client/tor-client.ts'
import { parseDirAuthorityLines } from '../../directory/network/dir-authority-lines.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { MemoryStorage } from '../../platform/storage/storage.ts'
import { tell, type Output } from '../terminal/terminal.ts'
import type { NetworkChoice } from '../usage/usage.ts'

/** A client, and what must be closed with it. */
export interface OpenNetwork {
  readonly tor: TorClient
  close(): Promise<void>
}

/**
 * Opens a client. Of a network that is not the public one nothing is kept on disk.
 *
 * @throws TorError as {@link TorClient.open}; what reading the file fails with; TypeError for lines that are none
 */
export async function openNetwork(choice: NetworkChoice, options: TorClientOptions): Promise<OpenNetwork> {
  if (choice.kind === 'embedded') return await openEmbedded(options)
  const tor = await TorClient.open({ ...options, ...(await chosenOf(choice)) })
  return { tor, close: () => tor.close() }
}

/** What tells the warnings of a client that have not been told yet, unless all is to be quiet. */
export function warner(tor: Pick<TorClient, 'status'>, stderr: Output, isQuiet: boolean): () => Promise<void> {
  const told = new Set<string>()
  return async () => {
    const news = tor.status.warnings.filter((warning) => !told.has(warning))
    for (const warning of news) {
      told.add(warning)
      if (!isQuiet) await tell(stderr, `tor-streams: ${warning}`)
    }
  }
}

/** Options for a network whose relays are dialled: none for the public one. */
export async function chosenOf(choice: NetworkChoice): Promise<Pick<TorClientOptions, 'network' | 'storage'>> {
  return choice.kind === 'file' ? { network: await readNetwork(choice.file), storage: new MemoryStorage() } : {}
}

/** A network by its authorities. One with an authority on a private address is a private one. */
async function readNetwork(file: string): Promise<NetworkConfig> {
  const text = await builtinModule<typeof fs>('node:fs/promises').readFile(file, 'utf8')
  const authorities = parseDirAuthorityLines(text)
  const testing = authorities
    .flatMap(({ addresses }) => addresses)
    .some(({ hostname }) => {
      const bytes = parseIPAddress(hostname)
      return bytes !== undefined && isInternalAddress(bytes)
    })
  return { authorities, fallbacks: [], testing }
}

/**
 * A whole network inside this process, whose exits reach this machine only. It is not part of what other commands load.
 */
async function openEmbedded(options: TorClientOptions): Promise<OpenNetwork> {
  const [{ TestNetwork }, { tcpExit }] = await Promise.all([
    import('../../testing/test-network.ts'),
    import('../../testing/exit/tcp-exit.ts'),
  ])
  const network = await TestNetwork.start({
    relays: 4,
    authorities: 1,
    exit: tcpExit(),
    resolve: (name) => [
      name === '127.0.0.1' || name === '1.0.0.127.in-addr.arpa'
        ? { type: 'hostname', hostname: 'localhost', ttl: 60 }
        : name === 'localhost'
          ? { type: 'ipv4', address: '127.0.0.1', ttl: 60 }
          : { type: 'error', transient: false, ttl: 60 },
    ],
  })
  try {
    const tor = await TorClient.open({
      ...options,
      network: network.config,
      transport: network.transport,
      storage: new MemoryStorage(),
    })
    return {
      tor,
      async close() {
        await tor.close()
        await network.close()
      },
    }
  } catch (error) {
    await network.close()
    throw error
  }
}
