import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createHttp } from 'node:http'
import { expect } from 'chai'
import { WebSocketServer, type WebSocket } from 'ws'
import { Counters } from '../../../lib/node/gateway/gateway-counters.ts'
import { GatewayLink, MAX_WAITING } from '../../../lib/node/gateway/gateway-link.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { frame, linkRequest, RawClient, until } from './support/gateway-fixture.ts'

/** Far more than the kernel holds of both connections. */
const MUCH = 60_000_000

describe('A link through a gateway holds back whoever sends more than the other side takes', function () {
  let relayServer: Server
  let pages: ReturnType<typeof createHttp>
  let atRelay: Socket
  let page: WebSocket
  let relay: Socket
  let client: RawClient
  let link: GatewayLink
  let counters: Counters

  beforeEach(async () => {
    counters = new Counters()
    relayServer = createServer((socket) => {
      atRelay = socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => relayServer.listen(0, '127.0.0.1', resolve))
    relay = connect((relayServer.address() as AddressInfo).port, '127.0.0.1')
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 65_536 })
    pages = createHttp().on('upgrade', (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (made) => {
        page = made
        link = new GatewayLink(page, relay, { idleTimeout: 300_000, clock: new FakeClock(), counters })
      }),
    )
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    client = new RawClient((pages.address() as AddressInfo).port)
    client.socket.write(linkRequest('/'))
    await until(() => (atRelay as Socket | undefined) !== undefined && (page as WebSocket | undefined) !== undefined)
    await client.status()
  })

  afterEach(async () => {
    client.socket.destroy()
    atRelay.destroy()
    await link.closed
    await Promise.all([relayServer, pages].map((server) => new Promise((resolve) => server.close(resolve))))
  })

  /** The most that `held` gives, until nothing has changed for a while. */
  async function mostUntilStill(held: () => number, passed: () => number): Promise<number> {
    let most = 0
    for (let still = 0, before = -1; still < 2000; still++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      most = Math.max(most, held())
      if (passed() !== before) still = 0
      before = passed()
    }
    return most
  }

  it('the relay, when the page does not read', async () => {
    client.socket.pause()
    atRelay.write(new Uint8Array(MUCH))
    const held = (): number => page.bufferedAmount + relay.readableLength
    const most = await mostUntilStill(held, () => counters.bytesFromRelays)
    console.log(`held for a page that does not read: ${most} bytes, of ${MUCH}`)
    expect(most).to.be.within(MAX_WAITING / 2, MAX_WAITING + 2 * 65_536)
    expect(counters.bytesFromRelays).to.be.below(MUCH / 2)
    client.received = ''
    let taken = 0
    client.socket.removeAllListeners('data').on('data', (text: string) => (taken += text.length))
    client.socket.resume()
    await until(() => counters.bytesFromRelays === MUCH && taken >= MUCH)
  })

  for (const [what, size] of [
    ['the page, when the relay does not read', 32_768],
    ['the page that sends many small messages', 100],
  ] as const) {
    it(what, async () => {
      atRelay.pause()
      const count = Math.ceil((size === 100 ? MUCH / 3 : MUCH) / size)
      const one = frame(0x82, new Uint8Array(size))
      const many = Buffer.concat(Array.from({ length: Math.ceil(262_144 / one.length) }, () => one))
      const times = Math.ceil((count * one.length) / many.length)
      globalThis.gc?.()
      const before = process.memoryUsage().heapUsed + process.memoryUsage().external
      let sent = 0
      const pump = (): void => {
        while (sent < times && (sent++, client.socket.write(many)));
      }
      client.socket.on('drain', pump)
      pump()
      const most = await mostUntilStill(
        () => relay.writableLength,
        () => counters.bytesToRelays,
      )
      const grown = process.memoryUsage().heapUsed + process.memoryUsage().external - before
      console.log(`held for a relay that does not read, messages of ${size}: ${most} bytes; heap ${grown} more`)
      expect(most).to.be.below(3 * 65_536 + 32_768)
      expect(sent).to.be.below(times)
      atRelay.resume()
      await until(() => sent >= times && counters.bytesToRelays >= count * size)
    })
  }
})
