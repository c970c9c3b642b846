/** A process that is a client of this library, from its start to a stream's first byte. */
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { FileStorage } from '../../lib/platform/storage/file-storage.ts'
import type { ClientOrder } from './client.ts'
import { serve } from './worker.ts'

let tor: TorClient | undefined

/** How long it takes until the first byte of an answer is there, in seconds. */
async function firstByte(client: TorClient, port: number, optimistic: boolean): Promise<number> {
  const began = performance.now()
  const socket = client.connect({ hostname: '127.0.0.1', port }, { optimistic })
  const writer = socket.writable.getWriter()
  const sent = writer.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'))
  const { value } = await socket.readable.getReader().read()
  if (value === undefined) throw new Error('there was no answer')
  const seconds = (performance.now() - began) / 1000
  await sent
  await socket.close()
  return seconds
}

serve(async (order: ClientOrder): Promise<number> => {
  if (order.kind === 'open') {
    const authorities = parseDirAuthorityLines(order.authorities)
    const network = { authorities, fallbacks: [], testing: true }
    tor = await TorClient.open({ network, storage: new FileStorage(order.storage) })
    return firstByte(tor, order.port, true)
  }
  if (tor === undefined) throw new Error('there is no client yet')
  if (order.kind === 'latency') return firstByte(tor, order.port, order.optimistic)
  await tor.close()
  return 0
})
