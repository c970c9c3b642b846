/** A process that transfers through the tor client's SOCKS port (RFC 1928), as cheaply as may be. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { transfer, type Connection, type Order } from './transfer.ts'
import { serve } from './worker.ts'

let socksPort = 0
let hostname = 'target.test'
let port = 0

async function connect(): Promise<Connection> {
  const socket = connectTcp(socksPort, '127.0.0.1')
  const name = Buffer.from(hostname)
  socket.write(Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length, ...name, port >> 8, port & 0xff]))
  const incoming = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  // The method that was chosen (2 bytes), then the reply with an IPv4 address and a port (10 bytes).
  let reply = Buffer.alloc(0)
  while (reply.length < 12) {
    const { done, value } = await incoming.next()
    if (done === true) throw new Error('the tor client closed the connection')
    reply = Buffer.concat([reply, value])
  }
  if (reply.length > 12 || reply[3] !== 0) throw new Error(`the SOCKS reply is ${reply.toString('hex')}`)
  return {
    read: async () => (await incoming.next()).value,
    write: async (bytes) => {
      if (!socket.write(bytes)) await once(socket, 'drain')
    },
    close: () => {
      socket.destroy()
      return Promise.resolve()
    },
  }
}

serve(async (order: Order) => {
  if (order.kind !== 'open') return transfer(order, await connect())
  socksPort = order.path as number
  hostname = order.hostname ?? hostname
  port = order.port
  return { seconds: 0, cpu: 0 }
})
