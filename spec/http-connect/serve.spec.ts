import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import { serveHttpConnect, serveProxy } from '../../lib/socks.ts'
import { FakeClient, FakeNetwork } from '../proxy/support/fakes.ts'
import { hex } from '../proxy/support/handshakes.ts'
import { FakeClock } from '../support/fake-clock.ts'

const CONNECT = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nX-Tor-Stream-Isolation: one\r\n\r\n'
const END_OF_HEAD = '\r\n\r\n'

describe('The HTTP CONNECT front', () => {
  let network: FakeNetwork
  let client: FakeClient
  const clock = new FakeClock()

  beforeEach(() => {
    network = new FakeNetwork()
    client = new FakeClient(clock)
  })

  afterEach(() => client.die())

  const readHead = async (): Promise<string> => {
    let text = ''
    while (!text.endsWith(END_OF_HEAD)) text += await client.read(1)
    return text
  }

  for (const [name, serve] of [
    ['serveHttpConnect', serveHttpConnect],
    ['serveProxy', serveProxy],
  ] as const) {
    describe(name, () => {
      it('opens a tunnel, with the isolation that the client asks for', async () => {
        const asked = network.next()
        const served = serve(client.connection, { connect: network.connect, clock })
        await client.send(`${CONNECT}hello`)
        const socket = await asked
        expect(socket.address).to.deep.equal({ hostname: 'a.test', port: 443 })
        expect(socket.isolation).to.equal('http - - 3:one')
        expect(await socket.received()).to.equal('hello')
        socket.open()
        expect(await readHead()).to.match(
          /^HTTP\/1\.1 200 OK\r\nTor-Capabilities: [^\r]*\r\nVia: tor\/1\.0 tor-network \(tor-streams\)\r\n\r\n$/,
        )
        await socket.send('answer')
        await socket.writer.close()
        expect(await client.readAll()).to.equal('answer')
        await served
        expect(clock.timers).to.equal(0)
      })

      it('says why a stream could not be opened, and ends', async () => {
        const asked = network.next()
        const served = serve(client.connection, { connect: network.connect, clock })
        await client.send(CONNECT)
        ;(await asked).fail(new SocketError('END_EXITPOLICY', 'refused', { reason: 4 }))
        expect(await client.readAll()).to.match(
          /^HTTP\/1\.1 403 Forbidden\r\nTor-Request-Failed: end\/EXITPOLICY tor-streams\/END_EXITPOLICY\r\n/,
        )
        await served
      })

      it('makes no request for https: itself: it asks for no stream, and says to use CONNECT', async () => {
        const served = serve(client.connection, { connect: network.connect, resolve: network.resolve, clock })
        await client.send('GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n')
        expect(await client.readAll()).to.match(/^HTTP\/1\.1 405 Method Not Allowed\r\n[^]*use the method CONNECT/)
        await served
        expect(network.sockets).to.have.lengthOf(0)
        expect(network.lookups).to.have.lengthOf(0)
      })

      it('gives up a client that takes too long over its head', async () => {
        const served = serve(client.connection, { connect: network.connect, clock, handshakeTimeout: 100 })
        await client.send(CONNECT.slice(0, -1))
        clock.advance(100)
        expect(await client.readAll().catch((error: unknown) => error)).to.have.property('code', 'TIMEOUT')
        await served
      })

      it('names a bad option', async () => {
        expect(await serve(client.connection, {} as never).catch((error: unknown) => error)).to.be.instanceOf(TypeError)
      })
    })
  }

  it('shares its port with SOCKS in serveProxy only', async () => {
    const asked = network.next()
    void serveProxy(client.connection, { connect: network.connect, clock })
    await client.send(`${hex('04 01 0050 00000001 00')}a.test\0`)
    ;(await asked).open()
    expect(await client.read(8)).to.equal(hex('00 5a 0000 00000000'))

    const other = new FakeClient(clock)
    const served = serveHttpConnect(other.connection, { connect: network.connect, clock })
    await other.send(hex('05 01 00'))
    expect(await other.readAll()).to.match(/^HTTP\/1\.1 400 Bad Request\r\n/)
    await served
  })
})
