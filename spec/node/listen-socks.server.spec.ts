import { expect } from 'chai'
import { deferred } from '../../lib/base/waiting/deferred.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { listenSocks, type ListenSocksOptions, type SocksListener } from '../../lib/node.ts'
import { CLOSE_GRACE } from '../../lib/node/tcp-connection.ts'
import { latin1Text } from '../../lib/proxy/text.ts'
import type { ProxyConnect } from '../../lib/proxy/connect.ts'
import { FakeNetwork, type FakeSocket } from '../proxy/support/fakes.ts'
import { hex } from '../proxy/support/handshakes.ts'
import { pattern } from '../../lib/testing/exit/exits.ts'
import { PIPE_CAPACITY } from '../../lib/testing/link/memory-pipe.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { TcpClient } from './support/tcp-client.ts'

const GREETING = hex('05 01 00')
const CHOSEN = hex('05 00')
const GRANTED = hex('05 00 00 01 00000000 0000')
const ask = (host = 'a.test'): string => `${hex('05 01 00 03')}${String.fromCharCode(host.length)}${host}${hex('0050')}`

/** Sends back what the far end receives, and ends when it does. */
async function echo(socket: FakeSocket): Promise<void> {
  socket.open()
  try {
    for (let chunk = await socket.received(); chunk !== undefined; chunk = await socket.received())
      await socket.send(chunk)
    await socket.writer.close()
  } catch {
    // closed from the other side
  }
}

/** Real sockets take turns of their own. A spec that waits in vain ends by its time limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('listenSocks', () => {
  let network: FakeNetwork
  let clock: FakeClock
  let listener: SocksListener
  const clients: TcpClient[] = []

  beforeEach(() => {
    network = new FakeNetwork()
    clock = new FakeClock()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await listener?.close()
  })

  const listen = async (options: Partial<ListenSocksOptions> = {}): Promise<void> => {
    const { connect, resolve } = network
    listener = await listenSocks({ connect, resolve, port: 0, clock, ...options })
  }

  const dial = async (): Promise<TcpClient> => {
    const client = await TcpClient.connect(listener.port)
    clients.push(client)
    return client
  }

  const echoing: ProxyConnect = (address, options) => {
    const socket = network.connect(address, options) as FakeSocket
    void echo(socket)
    return socket
  }

  /** A client whose tunnel is open, and its far end. */
  const open = async (): Promise<{ client: TcpClient; socket: FakeSocket }> => {
    const client = await dial()
    const asked = network.next()
    client.send(GREETING + ask())
    const socket = await asked
    socket.open()
    expect(await client.read(12)).to.equal(CHOSEN + GRANTED)
    return { client, socket }
  }

  describe('where it listens', () => {
    it('is 127.0.0.1 by default, at the port that it tells', async () => {
      await listen({ connect: echoing })
      expect(listener.address).to.equal('127.0.0.1')
      expect(listener.port).to.be.within(1, 65_535)
      const client = await dial()
      client.send(`${GREETING}${ask()}hello`)
      expect(await client.read(17)).to.equal(`${CHOSEN}${GRANTED}hello`)
    })

    it('may be any address of loopback', async () => {
      for (const hostname of ['127.0.0.1', 'localhost', '127.0.0.1']) {
        await listen({ hostname })
        expect(listener.address).to.match(/^127\./)
        await listener.close()
      }
    })

    it('is nowhere else, unless it is told', async () => {
      for (const hostname of ['0.0.0.0', '::', '192.0.2.1', '10.0.0.1', '::2', '::ffff:127.0.0.1', '1::1']) {
        const error: unknown = await listen({ hostname }).catch((reason: unknown) => reason)
        expect(error, hostname).to.be.instanceOf(RangeError)
        expect(String(error)).to.contain('hostname').and.to.contain('allowRemote')
      }
      await listen({ hostname: '0.0.0.0', allowRemote: true })
      expect(listener.address).to.equal('0.0.0.0')
    })

    it('is never a name to look up', async () => {
      for (const hostname of ['proxy.test', '', '127.0.0.1.test', 'localhost.', 7]) {
        const error: unknown = await listen({ hostname: hostname as string, allowRemote: true }).catch(
          (reason: unknown) => reason,
        )
        expect(error, String(hostname)).to.be.instanceOf(TypeError)
        expect(String(error)).to.contain('hostname')
      }
    })

    it('is refused when the port is taken', async () => {
      await listen()
      const error: unknown = await listenSocks({ connect: network.connect, port: listener.port }).catch(
        (reason: unknown) => reason,
      )
      expect(error).to.have.property('code', 'EADDRINUSE')
    })
  })

  it('names a bad option', async () => {
    for (const [options, name] of [
      [{ port: -1 }, 'port'],
      [{ port: 65_536 }, 'port'],
      [{ port: 1.5 }, 'port'],
      [{ port: '9050' }, 'port'],
      [{ port: undefined }, 'port'],
      [{ connect: undefined }, 'connect'],
      [{ resolve: 1 }, 'resolve'],
      [{ http: 1 }, 'http'],
      [{ allowRemote: 'yes' }, 'allowRemote'],
      [{ maxHandshakes: 0 }, 'maxHandshakes'],
      [{ halfOpenTimeout: -1 }, 'halfOpenTimeout'],
      [{ handshakeTimeout: NaN }, 'handshakeTimeout'],
    ] as const) {
      const error: unknown = await listen(options as never).catch((reason: unknown) => reason)
      expect(error, name).to.be.instanceOf(Error)
      expect(String(error)).to.match(new RegExp(`^(Type|Range)Error: .*option ${name}`))
    }
    expect(await listenSocks(undefined as never).catch((reason: unknown) => reason)).to.be.instanceOf(TypeError)
  })

  describe('serves', () => {
    it('HTTP CONNECT on the same port only if asked', async () => {
      await listen({ connect: echoing })
      const refused = await dial()
      refused.send('CONNECT a.test:443 HTTP/1.1\r\n\r\n')
      expect(await refused.readAll()).to.match(/^HTTP\/1\.0 501 /)
      await listener.close()
      await listen({ connect: echoing, http: true })
      const served = await dial()
      served.send('CONNECT a.test:443 HTTP/1.1\r\n\r\nhello')
      served.end()
      expect(await served.readAll()).to.match(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/)
      const other = await dial()
      other.send('GET / HTTP/1.1\r\n\r\n')
      expect(await other.readAll()).to.match(/^HTTP\/1\.1 405 /)
    })

    it('500 clients at once, each with its own host, isolation and bytes', async function () {
      await listen({ connect: echoing, allowHalfOpen: true })
      const answers = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => {
          const client = await dial()
          const user = String(index)
          const sent = `${index} `.repeat(2000)
          client.send(
            `${hex('05 01 02 01')}${String.fromCharCode(user.length)}${user}${hex('00')}${ask(`host-${index}.test`)}`,
          )
          expect(await client.read(14)).to.equal(hex('05 02 01 00') + GRANTED)
          client.send(sent)
          client.end()
          return (await client.readAll()) === sent
        }),
      )
      expect(answers.filter((isRight) => isRight)).to.have.lengthOf(500)
      expect(
        new Set(network.sockets.map(({ address, isolation }) => `${address.hostname} ${isolation}`)),
      ).to.have.property('size', 500)
      for (const { address, isolation } of network.sockets) {
        const index = /\d+/.exec(address.hostname)?.[0] ?? ''
        expect(isolation).to.equal(`socks5 ${index.length}:${index} 0:`)
      }
      await until(() => listener.connections === 0)
      expect(network.sockets.filter(({ closedWith }) => closedWith.length === 0)).to.have.lengthOf(0)
      expect(clock.timers).to.equal(0)
    })

    it('megabytes each way over one stream, every byte right', async () => {
      await listen({ connect: echoing, allowHalfOpen: true })
      const client = await dial()
      const sent = latin1Text(pattern(0, 2_000_000))
      client.send(GREETING + ask() + sent)
      client.end()
      expect((await client.readAll()) === CHOSEN + GRANTED + sent).to.equal(true)
    })

    it('warns of each kind of conduct once, whoever it is', async () => {
      const warnings: string[] = []
      await listen({ connect: echoing, onWarning: ({ kind }) => warnings.push(kind) })
      for (let round = 0; round < 2; round++) {
        for (const sent of [
          hex('04 01 0050 c0000207 00'),
          GREETING + hex('05 01 00 01 c0000207 0050'),
          'GET / HTTP/1.1\r\n\r\n',
        ]) {
          const client = await dial()
          client.send(sent)
          expect(await client.read(8)).to.have.lengthOf(8)
        }
      }
      expect(warnings).to.deep.equal(['socks4-address', 'socks5-address', 'http-on-socks'])
    })
  })

  describe('with clients that take their time', () => {
    it('drops those that make no request in time, and serves others meanwhile', async () => {
      await listen({ connect: echoing, handshakeTimeout: 10_000 })
      const slow = await Promise.all(Array.from({ length: 50 }, () => dial()))
      for (const [index, client] of slow.entries()) client.send((GREETING + ask()).slice(0, index % 12))
      await until(() => listener.connections === 50 && clock.timers === 50)
      const honest = await dial()
      honest.send(`${GREETING}${ask()}hello`)
      expect(await honest.read(17)).to.equal(`${CHOSEN}${GRANTED}hello`)
      clock.advance(10_000)
      await Promise.all(slow.map(({ closed }) => closed))
      await until(() => listener.connections === 1)
      honest.send('again')
      expect(await honest.read(5)).to.equal('again')
      expect(network.sockets).to.have.lengthOf(1)
    })

    it('drops the one that came first when there are too many, and nobody else', async () => {
      await listen({ connect: echoing, maxHandshakes: 3 })
      const slow: TcpClient[] = []
      for (let count = 1; count <= 3; count++) {
        slow.push(await dial())
        await until(() => listener.connections === count)
      }
      const honest = await dial()
      honest.send(`${GREETING}${ask()}hello`)
      expect(await honest.read(17)).to.equal(`${CHOSEN}${GRANTED}hello`)
      await (slow[0] as TcpClient).closed
      await until(() => listener.connections === 3)
      for (const client of slow.slice(1)) {
        client.send(GREETING + ask())
        expect(await client.read(12)).to.equal(CHOSEN + GRANTED)
      }
      // A handshake that is over takes no place.
      const more = await Promise.all([dial(), dial(), dial()])
      await until(() => listener.connections === 6)
      for (const client of more) {
        client.send(GREETING)
        expect(await client.read(2)).to.equal(CHOSEN)
      }
    })

    it('ends with a client that ends in its handshake', async () => {
      await listen()
      const client = await dial()
      client.send(GREETING)
      client.end()
      expect(await client.readAll()).to.equal(CHOSEN)
      await until(() => listener.connections === 0)
      expect(clock.timers).to.equal(0)
    })

    it('ends the streams of clients that have ended their side, as C tor does, and waits for nothing', async () => {
      await listen()
      const all = await Promise.all(Array.from({ length: 50 }, () => open()))
      for (const { client, socket } of all) {
        client.send('the last words')
        expect(await socket.received()).to.equal('the last words')
        client.end()
      }
      await Promise.all(all.map(({ client }) => client.closed))
      await until(() => listener.connections === 0)
      expect(all.every(({ socket }) => socket.closedWith.length > 0)).to.equal(true)
      expect(clock.timers).to.equal(0)
    })

    it('ends the streams of clients that leave while they are connected, and lookups too', async () => {
      await listen()
      const asked = network.next()
      const connecting = await dial()
      connecting.send(GREETING + ask())
      const socket = await asked
      const answers = deferred<never[]>()
      network.answers = answers.promise
      const resolving = await dial()
      resolving.send(GREETING + hex('05 f0 00 03 06') + 'a.test' + hex('0000'))
      await until(() => network.lookups.length === 1)
      for (const client of [connecting, resolving]) client.end()
      await until(() => socket.closedWith.length > 0 && network.lookups[0]?.signal.aborted === true)
      answers.resolve([])
      await until(() => listener.connections === 0)
      expect(clock.timers).to.equal(0)
    })

    it('gives the whole answer to a client that has ended its side, where it may be half-open', async () => {
      await listen({ allowHalfOpen: true })
      const { client, socket } = await open()
      client.send('question')
      client.end()
      let question = ''
      for (let chunk = await socket.received(); chunk !== undefined; chunk = await socket.received()) question += chunk
      expect(question).to.equal('question')
      const answer = 'answer '.repeat(40_000)
      const sending = (async () => {
        for (let at = 0; at < answer.length; at += 10_000) await socket.send(answer.slice(at, at + 10_000))
        await socket.writer.close()
      })()
      expect((await client.readAll()) === answer).to.equal(true)
      await sending
      await until(() => listener.connections === 0)
      expect(clock.timers).to.equal(0)
    })

    it('gives up a client that has ended its side when nothing is sent to it for too long, and not before', async () => {
      await listen({ allowHalfOpen: true, halfOpenTimeout: 60_000 })
      const { client, socket } = await open()
      client.end()
      expect(await socket.received()).to.equal(undefined)
      for (let minute = 1; minute <= 3; minute++) {
        clock.advance(59_999)
        await socket.send('.')
        expect(await client.read(1)).to.equal('.')
      }
      clock.advance(60_000)
      await client.closed
      await until(() => listener.connections === 0)
      expect(socket.closedWith).to.have.lengthOf.above(0)
      expect(clock.timers).to.equal(0)
    })

    it('gives a client that goes on sending after the end its answer and a moment', async () => {
      await listen()
      const { client, socket } = await open()
      await socket.send('all of it')
      await socket.writer.close()
      expect(await client.readAll()).to.equal('all of it')
      client.send('x'.repeat(100_000))
      await until(() => clock.timers === 1)
      expect(listener.connections).to.equal(1)
      clock.advance(CLOSE_GRACE)
      await until(() => listener.connections === 0)
    })
  })

  describe('with failures', () => {
    it('breaks the connection of a client whose far end fails', async () => {
      await listen()
      const { client, socket } = await open()
      await socket.send('half')
      expect(await client.read(4)).to.equal('half')
      socket.fail(new SocketError('END_CONNRESET', 'reset'))
      expect(await client.readAll()).to.equal('')
      client.end()
      await client.closed
      await until(() => listener.connections === 0)
    })

    it('closes the stream of a client that disappears', async () => {
      await listen()
      const { client, socket } = await open()
      client.destroy()
      await until(() => listener.connections === 0 || clock.timers > 0)
      await socket.send('x').catch(() => undefined)
      await socket.send('y').catch(() => undefined)
      await until(() => listener.connections === 0)
      expect(socket.closedWith).to.have.lengthOf.above(0)
    })

    it('tells why a stream could not be opened, also to a client that has sent much in advance', async () => {
      await listen()
      const client = await dial()
      const asked = network.next()
      client.send(`${GREETING}${ask()}${'x'.repeat(300_000)}`)
      ;(await asked).fail(new SocketError('END_MISC', 'refused'))
      expect(await client.read(12)).to.equal(CHOSEN + hex('05 01 00 01 00000000 0000'))
    })
  })

  describe('when it is closed', () => {
    /** Connections in every phase. */
    const crowd = async (): Promise<readonly TcpClient[]> => {
      const [silent, greeting, connecting] = [await dial(), await dial(), await dial()]
      greeting.send(GREETING)
      const asked = network.next()
      connecting.send(GREETING + ask())
      await asked
      const { client: opened } = await open()
      const { client: stuck, socket } = await open()
      stuck.pause()
      void (async () => {
        for (;;) await socket.send('x'.repeat(1_000_000))
      })().catch(() => undefined)
      // More waits than the two sockets take: the proxy's write lasts.
      for (let settled = 0; settled < 20; await turn())
        settled = socket.fromFar.buffered > PIPE_CAPACITY ? settled + 1 : 0
      expect(listener.connections).to.equal(5)
      return [silent, greeting, connecting, opened, stuck]
    }

    const allGone = async (all: readonly TcpClient[]): Promise<void> => {
      for (const client of all) {
        client.resume()
        client.end()
      }
      await Promise.all(all.map(({ closed }) => closed))
    }

    it('leaves nothing open, whatever it was doing', async () => {
      await listen()
      const all = await crowd()
      const { port } = listener
      await listener.close()
      expect(listener.connections).to.equal(0)
      expect(clock.timers).to.equal(0)
      await allGone(all)
      for (const { closedWith } of network.sockets) expect(closedWith).to.have.lengthOf.above(0)
      expect(await TcpClient.connect(port).catch((error: unknown) => error)).to.have.property('code', 'ECONNREFUSED')
      await listener.close()
    })

    it('may be closed by its signal', async () => {
      const controller = new AbortController()
      await listen({ signal: controller.signal })
      const all = await crowd()
      controller.abort()
      await until(() => listener.connections === 0)
      await allGone(all)
      await listener.close()
    })

    it('does not open with a signal that is aborted', async () => {
      const reason = new Error('enough')
      expect(await listen({ signal: AbortSignal.abort(reason) }).catch((error: unknown) => error)).to.equal(reason)
    })

    it('is disposed of in the same way', async () => {
      await listen()
      const client = await dial()
      await listener[Symbol.asyncDispose]()
      client.end()
      await client.closed
      expect(listener.connections).to.equal(0)
    })
  })
})
