/**
 * The streams of an onion service's visitors, each led to a TCP server: of this machine, as a rule.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import { systemClock } from '../../base/waiting/clock.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { TcpConnection, type NetSocket } from '../tcp-connection.ts'

/** The part of node:net that is used. */
interface NodeNet {
  connect(options: { host: string; port: number; allowHalfOpen: boolean }): NetSocket
}

/** How long a server that has ended its side is kept while nothing is sent to it, in ms. */
const HALF_OPEN_TIMEOUT = 60_000

/** A visitor's stream. */
export interface VisitorSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<{ readonly localAddress: string | undefined }>
}

/** Where the streams for one port go. */
export interface ForwardTarget {
  readonly host: string
  readonly port: number
}

/**
 * Leads every visitor on, until there are no more and all of them have ended.
 *
 * @param targets - by the ports of the service
 */
export async function forwardVisitors(
  incoming: ReadableStream<VisitorSocket>,
  targets: ReadonlyMap<number, ForwardTarget>,
): Promise<void> {
  const reader = incoming.getReader()
  const visits = new Set<Promise<void>>()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const visit = forward(value, targets)
    visits.add(visit)
    void visit.then(() => visits.delete(visit))
  }
  await Promise.all(visits)
}

/** Never rejects: what befalls one visitor, or the server, is told to the other side of it. */
async function forward(visitor: VisitorSocket, targets: ReadonlyMap<number, ForwardTarget>): Promise<void> {
  const { localAddress = '' } = await visitor.opened.catch(() => ({ localAddress: undefined })) // both streams tell
  const target = targets.get(Number(localAddress.slice(localAddress.lastIndexOf(':') + 1)))
  if (target === undefined) return void (await visitor.writable.abort().catch(() => undefined)) // it is over
  const socket = builtinModule<NodeNet>('node:net').connect({ ...target, allowHalfOpen: true })
  const server = new TcpConnection(socket, { halfOpenTimeout: HALF_OPEN_TIMEOUT, clock: systemClock })
  await Promise.allSettled([
    visitor.readable.pipeTo(server.writable),
    server.readable.pipeTo(visitor.writable as WritableStream<Uint8Array>),
  ])
}
