/**
 * A process that is a client of this library for onion services, or has onion services of its own, whose streams go to a TCP
 * server as those of tor's services do.
 */
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { forwardVisitors } from '../../lib/node/onion/forward-visitors.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { OnionAnswer, OnionOrder } from './onion/onion.ts'
import { transfer, type Connection } from './transfer.ts'
import { serve } from './worker.ts'

let tor: TorClient | undefined

function connect(client: TorClient, hostname: string): Connection {
  const socket = client.connect({ hostname, port: 80 })
  const reader = socket.readable.getReader()
  const writer = socket.writable.getWriter()
  return {
    read: async () => (await reader.read()).value,
    write: (bytes) => writer.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => socket.close(),
  }
}

/** Seconds until the first byte of an answer. */
async function firstByte(client: TorClient, hostname: string, isIsolated: boolean): Promise<number> {
  const began = performance.now()
  const socket = client.connect({ hostname, port: 80 }, isIsolated ? { isolation: Symbol() } : {})
  const sent = socket.writable.getWriter().write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'))
  const { value } = await socket.readable.getReader().read()
  if (value === undefined) throw new Error('there was no answer')
  const seconds = (performance.now() - began) / 1000
  await sent
  await socket.close()
  return seconds
}

async function serveAt(client: TorClient, targetPort: number): Promise<string> {
  const service = await client.serve({ ports: [80] })
  void forwardVisitors(service.incoming, new Map([[80, { host: '127.0.0.1', port: targetPort }]]))
  await service.published
  return service.hostname
}

serve(async (order: OnionOrder): Promise<OnionAnswer> => {
  const nothing = { seconds: 0, cpu: 0, hostnames: [] }
  if (order.kind === 'open') {
    const network = { authorities: parseDirAuthorityLines(order.authorities), fallbacks: [], testing: true }
    tor = await TorClient.open({ network, storage: new MemoryStorage() })
    return nothing
  }
  if (tor === undefined) throw new Error('there is no client yet')
  const client = tor
  switch (order.kind) {
    case 'serve': {
      const services = Array.from({ length: order.count }, () => serveAt(client, order.targetPort))
      return { ...nothing, hostnames: await Promise.all(services) }
    }
    case 'first':
      return { ...nothing, seconds: await firstByte(client, order.hostname, order.isIsolated) }
    case 'requests': {
      const began = performance.now()
      for (let request = 0; request < order.count; request++) await firstByte(client, order.hostname, false)
      return { ...nothing, seconds: (performance.now() - began) / 1000 }
    }
    case 'down':
    case 'up':
      return { ...nothing, ...(await transfer(order, connect(client, order.hostname))) }
  }
})
