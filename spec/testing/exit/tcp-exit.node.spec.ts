import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { decodeConnected } from '../../../lib/cell/relay/connected.ts'
import { decodeEnd, encodeEnd } from '../../../lib/cell/relay/end.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { pattern } from '../../../lib/testing/exit/exits.ts'
import { tcpExit } from '../../../lib/testing/exit/tcp-exit.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { begin, MinimalClient, sendData } from '../support/minimal-client.ts'

const { CONNECTED, DATA, END, SENDME } = RelayCommand

describe('tcpExit', () => {
  let network: TestNetwork
  let relay: TestRelay
  let client: MinimalClient
  let circuit: TestCircuit
  let server: Server
  let port: number
  let accept: (socket: Socket) => void
  const sockets = new Set<Socket>()

  beforeEach(async () => {
    accept = () => undefined
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined) // the exit may reset it
      accept(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    network = await TestNetwork.start({ relays: 1, exit: tcpExit() })
    relay = network.relays[0] as TestRelay
    client = await MinimalClient.build(network, network.path(1))
    circuit = network.circuits[0] as TestCircuit
  })

  afterEach(async () => {
    await network.close()
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    server.close()
    await once(server, 'close')
  })

  it('connects to a server on this machine and carries bytes both ways', async () => {
    accept = (socket) => void socket.pipe(socket)
    await begin(client, 1, 'localhost', port)
    expect(decodeConnected((await client.answer(CONNECTED, 1)).body).address).to.equal('127.0.0.1')
    await sendData(client, 1, 3)
    await client.until(() => client.dataOf(1).length === 3)
    expect(client.dataOf(1)).to.deep.equal(Uint8Array.of(0, 1, 2))
  })

  it('ends the stream with DONE after the last byte when the server ends', async () => {
    accept = (socket) => void socket.end(pattern(0, 100_000))
    await begin(client, 1, '127.0.0.1', port)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.DONE)
    expect(client.dataOf(1)).to.deep.equal(pattern(0, 100_000))
  })

  it('closes the connection when the client ends the stream, after what it had sent', async () => {
    const received = new Promise<number>((resolve) => {
      accept = (socket) => {
        let bytes = 0
        socket.on('data', (chunk: Uint8Array) => (bytes += chunk.length))
        socket.on('end', () => resolve(bytes))
      }
    })
    await begin(client, 1, '127.0.0.1', port)
    await client.answer(CONNECTED, 1)
    await sendData(client, 1, 60)
    await client.message({ command: END, streamId: 1, body: encodeEnd(EndReason.MISC) })
    expect(await received).to.equal(60)
  })

  it('closes the connection when the circuit goes', async () => {
    const closed = new Promise<void>((resolve) => {
      accept = (socket) => {
        socket.on('close', () => resolve())
        socket.on('end', () => socket.end())
        socket.resume()
      }
    })
    await begin(client, 1, '127.0.0.1', port)
    await client.answer(CONNECTED, 1)
    circuit.link.die()
    await closed
    expect(circuit.closed).to.equal(true)
  })

  it('ends the stream with CONNRESET when the server resets', async () => {
    accept = (socket) => void socket.resetAndDestroy()
    await begin(client, 1, '127.0.0.1', port)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.CONNRESET)
  })

  it('refuses with CONNECTREFUSED where nobody listens', async () => {
    server.close()
    await once(server, 'close')
    await begin(client, 1, '127.0.0.1', port)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.CONNECTREFUSED)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  for (const host of ['192.0.2.1', 'name.test', '10.0.0.1', '127.0.0.1.name.test', '127.999.0.1', '::2']) {
    it(`refuses ${host}, which is not this machine`, async () => {
      await begin(client, 1, host, port)
      expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.EXITPOLICY)
    })
  }

  it('lets a name stand for a server on this machine', async () => {
    relay.exit = tcpExit({ redirect: () => ({ host: '127.0.0.1', port }) })
    accept = (socket) => void socket.end('hello')
    await begin(client, 1, 'name.test', 80)
    await client.answer(END, 1)
    expect(new TextDecoder().decode(client.dataOf(1))).to.equal('hello')
  })

  it('stops reading the server when the client sends no SENDME', async () => {
    const bytes = 50_000_000
    let written = 0
    accept = (socket) => {
      const more = (): void => {
        while (written < bytes && socket.write(new Uint8Array(65_536))) written += 65_536
      }
      socket.on('drain', more)
      more()
    }
    await begin(client, 1, '127.0.0.1', port)
    await client.until(() => client.messages.filter(({ command }) => command === DATA).length === 500)
    expect(circuit.streams.get(1)?.dataSent).to.equal(500)
    expect(circuit.streams.get(1)?.flow.packageWindow).to.equal(0)
    await client.message({ command: SENDME, streamId: 1 })
    await client.until(() => client.messages.filter(({ command }) => command === DATA).length === 550)
    expect(written).to.be.below(bytes)
  })
})
