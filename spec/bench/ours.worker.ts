/** A process that is nothing but a client made of this library, so that its CPU time is the client's. */
import { Circuit } from '../../lib/circuit/circuit.ts'
import { parseProtocols } from '../../lib/directory/protocols.ts'
import type { Relay } from '../../lib/relay.ts'
import { torProtocols } from '../tor/support/network.ts'
import { transfer, type Connection, type Order } from './transfer.ts'
import { serve } from './worker.ts'

let circuit: Circuit | undefined
let port = 0

function connect(): Connection {
  if (circuit === undefined) throw new Error('there is no circuit yet')
  const socket = circuit.connect({ hostname: '127.0.0.1', port }, { rejectInternalAddresses: false })
  const reader = socket.readable.getReader()
  const writer = socket.writable.getWriter()
  return {
    read: async () => (await reader.read()).value,
    write: (bytes) => writer.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => socket.close(),
  }
}

serve(async (order: Order) => {
  if (order.kind !== 'open') return transfer(order, connect())
  const path = (order.path as Relay[]).map((relay) => ({ ...relay, protocols: parseProtocols(torProtocols) }))
  circuit = Circuit.open(path, order.windows === true ? { congestionControl: false } : {})
  port = order.port
  await circuit.opened
  return { seconds: 0, cpu: 0 }
})
