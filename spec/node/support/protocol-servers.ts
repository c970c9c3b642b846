/**
 * Servers on 127.0.0.1 that speak just enough of a protocol for a real client of it to be served.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import ssh2 from 'ssh2'

/** A server that listens. */
export interface ProtocolServer {
  readonly port: number
  stop(): Promise<void>
}

/** What is used of a server of any package. */
interface AnyServer {
  listen(port: number, host: string): unknown
  close(done: () => void): unknown
}

/** Starts a server of node:net, or one that has such a server as `net`. */
export async function listenHere(
  server: AnyServer,
  net: NodeJS.EventEmitter & { address(): unknown },
): Promise<ProtocolServer> {
  const sockets = new Set<Socket>()
  net.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // the client says what went wrong
  })
  const listening = once(net, 'listening')
  server.listen(0, '127.0.0.1')
  await listening
  return {
    port: (net.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(resolve))
    },
  }
}

/** What a server makes of what has come in: how many bytes of it that was, what goes out, and whether it is the end. */
interface Answer {
  readonly used: number
  readonly reply: Buffer
  readonly isLast?: boolean
}

/** Serves each connection by a function of what has come in and was not used yet. */
function answering(answer: (received: Buffer) => Answer): Promise<ProtocolServer> {
  const server = createServer((socket) => {
    let waiting = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes])
      for (;;) {
        const { used, reply, isLast = false } = answer(waiting)
        if (used === 0) return
        waiting = waiting.subarray(used)
        if (reply.length > 0) socket.write(reply)
        if (isLast) socket.end()
      }
    })
  })
  return listenHere(server, server)
}

const NOTHING_YET: Answer = { used: 0, reply: Buffer.alloc(0) }

/** A message of PostgreSQL: its letter, its length with the length itself, its body. */
function pgMessage(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(letter, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)

/** What is sent before a query may come: AuthenticationOk and ReadyForQuery. */
const PG_GREETING = Buffer.concat([pgMessage('R', Buffer.alloc(4)), pgMessage('Z', Buffer.from('I'))])

function pgRow(value: string): Buffer {
  const column = Buffer.alloc(18)
  column.writeInt32BE(25, 6) // type `text`
  column.writeInt16BE(-1, 10)
  column.writeInt32BE(-1, 12)
  const cell = Buffer.from(value)
  const row = Buffer.alloc(6)
  row.writeInt16BE(1)
  row.writeInt32BE(cell.length, 2)
  return Buffer.concat([
    pgMessage('T', Buffer.concat([Buffer.from([0, 1]), text('echo'), column])),
    pgMessage('D', Buffer.concat([row, cell])),
    pgMessage('C', text('SELECT 1')),
    pgMessage('Z', Buffer.from('I')),
  ])
}

/** PostgreSQL (protocol 3.0): every simple query is answered with one row, which has the query's own text. */
export function postgres(): Promise<ProtocolServer> {
  return answering((received) => {
    const isStartup = received[0] === 0
    const lengthAt = isStartup ? 0 : 1
    if (received.length < lengthAt + 4) return NOTHING_YET
    const used = lengthAt + received.readInt32BE(lengthAt)
    if (received.length < used) return NOTHING_YET
    if (isStartup) return { used, reply: PG_GREETING }
    const letter = String.fromCharCode(received[0] ?? 0)
    const reply = letter === 'Q' ? pgRow(received.toString('utf8', 5, used - 1)) : Buffer.alloc(0)
    return { used, reply, isLast: letter === 'X' }
  })
}

/** Redis (RESP 2): ECHO gives back its argument, everything else is OK. */
export function redis(): Promise<ProtocolServer> {
  return answering((received) => {
    const lines = received.toString('latin1').split('\r\n')
    const count = Number(lines[0]?.slice(1))
    if (lines.length < 2 * count + 2) return NOTHING_YET
    const words = Array.from({ length: count }, (_, index) => lines[2 + 2 * index] ?? '')
    const used = lines.slice(0, 2 * count + 1).reduce((sum, line) => sum + line.length + 2, 0)
    const [command, argument = ''] = words
    const name = command?.toLowerCase()
    const reply = name === 'echo' ? `$${argument.length}\r\n${argument}\r\n` : '+OK\r\n'
    return { used, reply: Buffer.from(reply, 'latin1'), isLast: name === 'quit' }
  })
}

/** MQTT 3.1.1: whoever subscribes is sent what is published, by anybody with the same connection. */
export function mqttBroker(): Promise<ProtocolServer> {
  return answering((received) => {
    if (received.length < 2) return NOTHING_YET
    let length = 0
    let at = 1
    for (let shift = 0; ; shift += 7) {
      const byte = received[at]
      if (byte === undefined) return NOTHING_YET
      length |= (byte & 127) << shift
      at += 1
      if (byte < 128) break
    }
    const used = at + length
    if (received.length < used) return NOTHING_YET
    const [first = 0] = received
    switch (first >> 4) {
      case 1: // CONNECT
        return { used, reply: Buffer.from([0x20, 2, 0, 0]) }
      case 8: // SUBSCRIBE
        return { used, reply: Buffer.from([0x90, 3, received[at] ?? 0, received[at + 1] ?? 0, 0]) }
      case 3: // PUBLISH, at most once
        return { used, reply: Buffer.from(received.subarray(0, used)) }
      default:
        return { used, reply: Buffer.alloc(0), isLast: first >> 4 === 14 } // DISCONNECT
    }
  })
}

/** SSH, by the server that ssh2 has: everybody may come in, and every command gives back its input. */
export function sshServer(): Promise<ProtocolServer> {
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519').private
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined) // the client says what went wrong
    client.on('authentication', (request) => request.accept())
    client.on('session', (accept) => {
      accept().on('exec', (granted) => {
        const channel = granted()
        channel.pipe(channel)
      })
    })
  })
  return listenHere(server, (server as unknown as { readonly _srv: Server })._srv)
}
