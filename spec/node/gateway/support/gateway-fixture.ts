/**
 * A gateway on 127.0.0.1 before a relay that takes TCP connections and does what a spec says, and clients that write what they
 * like.
 *
 * @module
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import type { DirectorySnapshot } from '../../../../lib/directory/snapshot.ts'
import { listenGateway, type Gateway } from '../../../../lib/node/gateway/listen-gateway.ts'
import type { GatewayDirectory, ListenGatewayOptions } from '../../../../lib/node/gateway/gateway-options.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

/** Real sockets take turns of their own. A spec that waits in vain ends by its time limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** A directory that says what a spec says. */
export class FakeDirectory implements GatewayDirectory {
  isLive = true
  freshUntil: number | undefined
  snapshot: DirectorySnapshot | undefined = { consensus: 'c', certificates: 'k', microdescriptors: 'm'.repeat(1000) }
  has: (address: string, port: number) => boolean = () => false
  closed = 0

  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }
}

/** The head of a request for a link. */
export const linkRequest = (path: string, lines: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: gateway.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
    '',
    '',
  ].join('\r\n')

/** One connection to the gateway. */
export class RawClient {
  readonly socket: Socket
  /** What came, as Latin-1. */
  received = ''
  isClosed = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.received += text))
    this.socket.on('error', () => undefined) // specs break connections
    this.socket.on('close', () => (this.isClosed = true))
  }

  /** The status of the answer; 0 when the connection ended without one. */
  async status(): Promise<number> {
    await until(() => this.isClosed || this.received.includes('\r\n\r\n'))
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.received)?.[1] ?? 0)
  }

  /** What came behind the head. */
  get body(): string {
    return this.received.slice(this.received.indexOf('\r\n\r\n') + 4)
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed)
  }
}

/** A frame of a client (RFC 6455, section 5.2), masked with zeros unless told otherwise. */
export function frame(first: number, payload: Uint8Array = new Uint8Array(0), { masked = true } = {}): Uint8Array {
  const { length } = payload
  const mask = masked ? 0x80 : 0
  const size = length < 126 ? [mask | length] : [mask | (length < 65_536 ? 126 : 127), ...bigEndian(length)]
  return new Uint8Array([first, ...size, ...(masked ? [0, 0, 0, 0] : []), ...payload])
}

const bigEndian = (length: number): number[] =>
  length < 65_536
    ? [length >> 8, length & 255]
    : [0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]

export class GatewayFixture {
  readonly directory = new FakeDirectory()
  readonly clock = new FakeClock()
  /** The relay's connections, the oldest first. */
  readonly accepted: Socket[] = []
  readonly #clients: RawClient[] = []
  #relay: Server | undefined
  gateway!: Gateway
  onAccept: (socket: Socket) => void = (socket) => socket.pipe(socket)

  async start(options: Partial<ListenGatewayOptions> = {}): Promise<void> {
    this.#relay ??= await this.#startRelay()
    const { relayPort } = this
    this.directory.has = (address, port) => address === '127.0.0.1' && port === relayPort
    const { directory, clock } = this
    this.gateway = await listenGateway({ port: 0, directory, clock, allowPrivate: true, ...options })
  }

  async #startRelay(): Promise<Server> {
    const relay = createServer((socket) => {
      this.accepted.push(socket)
      socket.on('error', () => undefined)
      this.onAccept(socket)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get relayPort(): number {
    return (this.#relay?.address() as AddressInfo).port
  }

  dial(): RawClient {
    const client = new RawClient(this.gateway.port)
    this.#clients.push(client)
    return client
  }

  /** Sends a text, and gives the connection. */
  ask(text: string): RawClient {
    const client = this.dial()
    client.socket.write(text, 'latin1')
    return client
  }

  /** The status that a request for a link is answered with. */
  statusOf(path: string, lines: readonly string[] = []): Promise<number> {
    return this.ask(linkRequest(path, lines)).status()
  }

  /** A link to the relay that is open. */
  async link(lines: readonly string[] = []): Promise<RawClient> {
    const client = this.ask(linkRequest(`/127.0.0.1:${this.relayPort}`, lines))
    const status = await client.status()
    if (status !== 101) throw new Error(`the answer has the status ${status}`)
    return client
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#clients.splice(0)) socket.destroy()
    await this.gateway?.close()
    for (const socket of this.accepted.splice(0)) socket.destroy()
    await new Promise((resolve) => this.#relay?.close(resolve) ?? resolve(undefined))
  }
}
