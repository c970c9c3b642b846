/**
 * A process that goes to a relay on 127.0.0.1, as a client (`link PORT`) or as a gateway (`gateway PORT`), writes once and waits
 * for an answer.
 */
import process from 'node:process'
import { systemClock } from '../../../lib/base/waiting/clock.ts'
import { dial } from '../../../lib/node/gateway/dial.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { LinkTransport } from '../../../lib/platform/links/transport.ts'

const [how, port] = [process.argv[2], Number(process.argv[3])]
const { signal } = new AbortController()
if (how === 'link') {
  const transport = currentPlatform().transport as LinkTransport
  const link = await transport.connect({ hostname: '127.0.0.1', port }, { signal })
  await link.writable.getWriter().write(new Uint8Array(514))
  await link.readable.getReader().read()
} else {
  const target = { address: '127.0.0.1', bytes: Uint8Array.of(127, 0, 0, 1), port }
  const socket = await dial(target, { timeout: 10_000, clock: systemClock, signal })
  if (typeof socket === 'number') throw new Error(`nobody could be dialled: ${socket}`)
  await new Promise<void>((resolve) => {
    socket.on('data', () => resolve())
    socket.write(new Uint8Array(514))
  })
}
process.exit()
