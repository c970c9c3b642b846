import net, { type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { WebSocket as NodeWebSocket } from 'ws'
import { webSocketTransport, type WebSocketConstructor } from '../../../lib/websocket.ts'
import { torCodeOf } from '../../support/failures.ts'
import { engine } from '../../support/engines.ts'
import { startEchoGateway, type EchoGateway } from './support/echo-gateway.ts'

const never = new AbortController().signal
/** Node 20 has none of its own. */
const WebSocket = engine === 'node' ? (NodeWebSocket as unknown as WebSocketConstructor) : undefined

describe('A link through a gateway that is there', () => {
  let gateway: EchoGateway
  let echo: net.Server
  const peers = new Set<net.Socket>()

  before(async () => {
    gateway = await startEchoGateway()
    echo = net.createServer({ allowHalfOpen: false }, (socket) => {
      peers.add(socket)
      socket.on('error', () => undefined) // the specs break connections
      socket.on('close', () => peers.delete(socket))
      socket.pipe(socket)
    })
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  })

  after(async () => {
    for (const peer of peers) peer.destroy()
    await gateway.stop()
    await new Promise((resolve) => echo.close(resolve))
  })

  const connect = (port = (echo.address() as AddressInfo).port) =>
    webSocketTransport({ url: `ws://127.0.0.1:${gateway.port}/relay`, WebSocket }).connect(
      { hostname: '127.0.0.1', port },
      { signal: never },
    )

  it('carries bytes there and back, whole and in order', async () => {
    const { readable, writable } = await connect()
    const writer = writable.getWriter()
    const reader = readable.getReader()
    const length = 3_000_000
    const sent = Uint8Array.from({ length }, (_, at) => (at * 7919) >> 5)
    const written = (async () => {
      for (let at = 0; at < length; at += 100_000) await writer.write(sent.subarray(at, at + 100_000))
    })()
    const received = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const { value = new Uint8Array(0) } = await reader.read()
      expect(value.length).to.be.greaterThan(0)
      received.set(value, at)
      at += value.length
    }
    await written
    expect(received).to.deep.equal(sent)
    await writer.close()
    expect((await reader.read()).done).to.equal(true)
  })

  it('is LINK_UNREACHABLE when the gateway does not reach the relay', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await torCodeOf(connect(port))).to.equal('LINK_UNREACHABLE')
  })

  it('ends when the relay does', async () => {
    const { readable, writable } = await connect()
    const writer = writable.getWriter()
    const reader = readable.getReader()
    await writer.write(Uint8Array.of(1))
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(1))
    for (const peer of peers) peer.end()
    expect((await reader.read()).done).to.equal(true)
    expect(await torCodeOf(writer.write(Uint8Array.of(2)))).to.equal('LINK_CLOSED')
  })

  it('fails with LINK_CLOSED when the gateway is gone in the middle', async () => {
    const { readable, writable } = await connect()
    const reader = readable.getReader()
    await writable.getWriter().write(Uint8Array.of(1))
    await reader.read()
    const waiting = torCodeOf(reader.read())
    for (const socket of gateway.sockets) socket.terminate()
    expect(await waiting).to.equal('LINK_CLOSED')
  })

  it('leaves nothing at the gateway when it is aborted', async () => {
    const { readable, writable } = await connect()
    expect(gateway.sockets.size).to.be.greaterThan(0)
    const gone = Promise.all(
      [...gateway.sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve))),
    )
    await writable.abort(new Error('enough'))
    await readable.cancel().catch(() => undefined) // it has failed with the abort
    await gone
    expect(gateway.sockets.size).to.equal(0)
  })
})
