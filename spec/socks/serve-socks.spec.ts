import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import type { ProxyOptions } from '../../lib/proxy/options.ts'
import type { ProxyWarning } from '../../lib/proxy/handshake.ts'
import { serveSocks } from '../../lib/socks.ts'
import { PIPE_CAPACITY } from '../../lib/testing/link/memory-pipe.ts'
import { FakeClient, FakeNetwork, type FakeSocket } from '../proxy/support/fakes.ts'
import { hex } from '../proxy/support/handshakes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'

const GREETING = hex('05 01 00')
const CHOSEN = hex('05 00')
const TO_NAME = `${hex('05 01 00 03 06')}a.test${hex('0050')}`
const GRANTED = hex('05 00 00 01 00000000 0000')
const failed = (code: string): string => hex(`05 ${code} 00 01 00000000 0000`)

describe('serveSocks', () => {
  let network: FakeNetwork
  let client: FakeClient
  let clock: FakeClock
  let served: Promise<void>
  const warnings: ProxyWarning['kind'][] = []

  beforeEach(() => {
    network = new FakeNetwork()
    clock = new FakeClock()
    client = new FakeClient(clock)
    warnings.length = 0
  })

  afterEach(() => client.die())

  const serve = (options: Partial<ProxyOptions> = {}): void => {
    const { connect, resolve } = network
    served = serveSocks(client.connection, {
      connect,
      resolve,
      clock,
      onWarning: ({ kind }) => warnings.push(kind),
      ...options,
    })
  }

  /** Until the client asked for `a.test:80` and the far end knows, but has not answered. */
  const ask = async (options: Partial<ProxyOptions> = {}, early = ''): Promise<FakeSocket> => {
    const asked = network.next()
    serve(options)
    await client.send(GREETING)
    expect(await client.read(2)).to.equal(CHOSEN)
    await client.send(TO_NAME + early)
    return asked
  }

  /** Until the tunnel is open. */
  const open = async (options: Partial<ProxyOptions> = {}): Promise<FakeSocket> => {
    const socket = await ask(options)
    socket.open()
    expect(await client.read(10)).to.equal(GRANTED)
    return socket
  }

  describe('in a handshake', () => {
    it('asks for the address and the isolation of the client', async () => {
      const asked = network.next()
      serve()
      await client.send(`${hex('05 01 02')}${hex('01 01')}u${hex('01')}p${TO_NAME}`)
      const { address, isolation } = await asked
      expect({ address, isolation }).to.deep.equal({
        address: { hostname: 'a.test', port: 80 },
        isolation: 'socks5 1:u 1:p',
      })
      expect(await client.read(4)).to.equal(hex('05 02 01 00'))
    })

    it('takes nothing but IPv4 for a client of SOCKS 4, which cannot be told of anything else', async () => {
      const asked = network.next()
      serve()
      await client.send(`${hex('04 01 0050 00000001 00')}a.test${hex('00')}`)
      const { address, addressFamily } = await asked
      expect({ address, addressFamily }).to.deep.equal({
        address: { hostname: 'a.test', port: 80 },
        addressFamily: 'ipv4',
      })
    })

    it('grants nothing before the far end is reached', async () => {
      const socket = await ask()
      await turn(3)
      expect(client.down.bytesWritten).to.equal(2)
      socket.open()
      expect(await client.read(10)).to.equal(GRANTED)
    })

    it('grants SOCKS 4', async () => {
      const asked = network.next()
      serve()
      await client.send(`${hex('04 01 0050 00000001 00')}a.test\0`)
      ;(await asked).open()
      expect(await client.read(8)).to.equal(hex('00 5a 0000 00000000'))
    })

    it('ends the connection behind a refusal, and asks for nothing', async () => {
      serve()
      await client.send(GREETING + hex('05 02 00 01 02020201 0101'))
      expect(await client.readAll()).to.equal(CHOSEN + failed('07'))
      await served
      expect(network.sockets).to.have.lengthOf(0)
    })

    it('ends with a client that ends first', async () => {
      serve()
      await client.send(GREETING + hex('05 01'))
      await client.end()
      expect(await client.readAll()).to.equal(CHOSEN)
      await served
      expect(clock.timers).to.equal(0)
    })

    it('ends with a client that dies', async () => {
      serve()
      await client.send(GREETING)
      client.die()
      await served
      expect(clock.timers).to.equal(0)
    })

    it('gives up a client that takes too long, however many bytes it sends', async () => {
      serve({ handshakeTimeout: 5000 })
      for (const byte of (GREETING + TO_NAME).slice(0, 12)) {
        await client.send(byte)
        await turn()
        clock.advance(400)
      }
      expect(await client.read(2)).to.equal(CHOSEN)
      clock.advance(200)
      const failure: unknown = await client.readAll().catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(SocketError).and.to.have.property('code', 'TIMEOUT')
      await served
      expect(network.sockets).to.have.lengthOf(0)
      expect(clock.timers).to.equal(0)
    })

    it('has a limit of 30 s by default, and none with Infinity', async () => {
      serve()
      expect(clock.timers).to.equal(1)
      clock.advance(29_999)
      await client.send(GREETING)
      expect(await client.read(2)).to.equal(CHOSEN)
      clock.advance(1)
      await served
      const other = new FakeClient()
      const idle = new FakeClock()
      const patient = serveSocks(other.connection, {
        connect: network.connect,
        handshakeTimeout: Infinity,
        clock: idle,
      })
      expect(idle.timers).to.equal(0)
      other.die()
      await patient
    })

    it('lets nobody wait for a client that does not read', async () => {
      serve({ handshakeTimeout: 1000 })
      client.down.stall()
      await client.send(GREETING + TO_NAME.slice(0, 4))
      clock.advance(1000)
      await served
    })

    it('warns of raw addresses, of HTTP and of unknown protocols, without naming a host', async () => {
      const messages: string[] = []
      for (const sent of [
        hex('04 01 0050 c0000207 00'),
        GREETING + hex('05 01 00 01 c0000207 0050'),
        'GET http://secret.test/ HTTP/1.1\r\n',
        hex('16 03'),
      ]) {
        const each = new FakeClient()
        void serveSocks(each.connection, {
          connect: network.connect,
          onWarning: ({ kind, message }) => {
            warnings.push(kind)
            messages.push(message)
          },
        })
        await each.send(sent)
        await turn(3)
        each.die()
      }
      expect(warnings).to.deep.equal(['socks4-address', 'socks5-address', 'http-on-socks', 'unknown-protocol'])
      expect(messages.join()).not.to.match(/secret|192/)
    })

    it('does not warn of names', async () => {
      await open()
      expect(warnings).to.deep.equal([])
    })

    it('gives up the client when the callback for warnings throws', async () => {
      serve({
        onWarning: () => {
          throw new Error('a mistake')
        },
      })
      await client.send(GREETING + hex('05 01 00 01 c0000207 0050'))
      await served
      expect(network.sockets).to.have.lengthOf(0)
    })
  })

  describe('when a stream cannot be opened', () => {
    it('says why, and ends', async () => {
      const socket = await ask()
      socket.fail(new SocketError('END_CONNECTREFUSED', 'refused'))
      expect(await client.readAll()).to.equal(failed('05'))
      await served
    })

    it('says why when connect itself throws', async () => {
      serve({
        connect: () => {
          throw new SocketError('ADDRESS_REFUSED', 'internal')
        },
      })
      await client.send(GREETING + TO_NAME)
      expect(await client.readAll()).to.equal(CHOSEN + failed('02'))
      await served
    })

    it('says that much to SOCKS 4 too', async () => {
      const asked = network.next()
      serve()
      await client.send(`${hex('04 01 0050 00000001 00')}a.test\0`)
      ;(await asked).fail(new SocketError('END_TIMEOUT', 'late'))
      expect(await client.readAll()).to.equal(hex('00 5b 0000 00000000'))
      await served
    })

    it('uses the extended replies only by option', async () => {
      const socket = await ask({ extendedErrors: true })
      socket.fail(Object.assign(new Error('no descriptor'), { code: 'ONION_DESCRIPTOR_NOT_FOUND' }))
      expect(await client.readAll()).to.equal(failed('f0'))
      await served
    })

    it('drops what the client sent in advance, and tells it all the same', async () => {
      const socket = await ask({}, 'x'.repeat(1000))
      void client.send('y'.repeat(3 * PIPE_CAPACITY))
      await turn(3)
      socket.fail(new SocketError('END_RESOLVEFAILED', 'no such name'))
      expect(await client.readAll()).to.equal(failed('04'))
      await served
    })
  })

  describe('with a stream', () => {
    it('carries bytes both ways', async () => {
      const socket = await open()
      await client.send('ping')
      expect(await socket.received()).to.equal('ping')
      await socket.send('pong')
      expect(await client.read(4)).to.equal('pong')
    })

    it('passes on at once what the client sent in advance, before the far end is reached', async () => {
      const socket = await ask({}, 'GET / ')
      await client.send('HTTP/1.0')
      expect(await socket.received()).to.equal('GET / ')
      expect(await socket.received()).to.equal('HTTP/1.0')
      socket.open()
      await socket.send('200')
      expect(await client.read(13)).to.equal(`${GRANTED}200`)
    })

    it('takes no more in advance than the far end takes', async () => {
      const socket = await ask()
      const sending = (async () => {
        for (let left = 40; left > 0; left--) await client.send('x'.repeat(16_384))
      })().catch(() => undefined)
      await turn(40)
      expect(socket.toFar.buffered).to.be.within(PIPE_CAPACITY, PIPE_CAPACITY + 3 * 16_384)
      expect(client.up.bytesWritten).to.be.below(2 * PIPE_CAPACITY + 6 * 16_384)
      client.die()
      await sending
    })

    it('grants before the first byte of the far end', async () => {
      const socket = await ask()
      await socket.send('banner')
      await turn(3)
      expect(client.down.bytesWritten).to.equal(2)
      socket.open()
      expect(await client.read(16)).to.equal(`${GRANTED}banner`)
    })

    it('takes no more from the client than the far end takes', async () => {
      const socket = await open()
      let sent = 0
      const sending = (async () => {
        for (let left = 40; left > 0; left--) {
          await client.send('x'.repeat(16_384))
          sent += 16_384
        }
      })()
      await turn(40)
      expect(socket.toFar.buffered).to.be.within(PIPE_CAPACITY, PIPE_CAPACITY + 3 * 16_384)
      expect(sent).to.be.at.most(2 * PIPE_CAPACITY + 6 * 16_384)
      let received = 0
      while (received < 40 * 16_384) received += ((await socket.received()) as string).length
      await sending
    })

    it('takes no more from the far end than the client takes', async () => {
      const socket = await open()
      let sent = 0
      const sending = (async () => {
        for (let left = 40; left > 0; left--) {
          await socket.send('x'.repeat(16_384))
          sent += 16_384
        }
      })()
      await turn(40)
      expect(client.down.buffered).to.be.within(PIPE_CAPACITY, PIPE_CAPACITY + 3 * 16_384)
      expect(sent).to.be.at.most(2 * PIPE_CAPACITY + 6 * 16_384)
      expect((await client.read(40 * 16_384)).length).to.equal(40 * 16_384)
      await sending
    })

    it('ends the stream after what the client sent when that ends its side, and breaks what it does not wait for', async () => {
      const socket = await open()
      await client.send('the last words')
      expect(await socket.received()).to.equal('the last words')
      await client.end()
      await served
      expect(socket.closedWith).to.have.lengthOf.above(0)
      expect(await client.readAll().catch(() => 'broken')).to.equal('broken')
      expect(clock.timers).to.equal(0)
    })

    it('gives the whole of what has come when far end and client end at once', async () => {
      const socket = await open()
      await socket.send('the whole of it')
      await socket.writer.close()
      await client.end().catch(() => undefined) // it may be over already
      expect(await client.readAll()).to.equal('the whole of it')
      await served
    })

    it('ends the stream of a client that leaves before it is connected', async () => {
      const socket = await ask()
      await client.end()
      await served
      expect(socket.closedWith).to.have.lengthOf.above(0)
    })

    it('gives up the lookup of a client that leaves', async () => {
      network.answers = new Promise(() => undefined)
      serve()
      await client.send(GREETING + hex('05 f0 00 03 06') + 'a.test' + hex('0000'))
      await turn(5)
      expect(network.lookups).to.have.lengthOf(1)
      await client.end()
      await turn(5)
      expect(network.lookups[0]?.signal.aborted).to.equal(true)
    })

    it('goes on with the answer when the client ends its side, where it may be half-open', async () => {
      const socket = await open({ allowHalfOpen: true })
      await client.send('question')
      await client.end()
      expect(await socket.received()).to.equal('question')
      expect(await socket.received()).to.equal(undefined)
      expect(socket.closedWith).to.deep.equal([])
      await socket.send('answer')
      await socket.writer.close()
      expect(await client.readAll()).to.equal('answer')
      await served
    })

    it('ends the client after the last byte when the far end ends, and closes the stream', async () => {
      const socket = await open()
      await socket.send('x'.repeat(100_000))
      void socket.writer.close()
      expect(await client.readAll()).to.have.lengthOf(100_000)
      await served
      expect(socket.closedWith).to.deep.equal([undefined])
    })

    it('delivers the rest when the far end takes no more, and drops what the client still sends', async () => {
      const socket = await open()
      await socket.send('all of ')
      socket.toFar.die(new SocketError('ENDED', 'the far end finished'))
      await turn(2)
      void client.send('x'.repeat(3 * PIPE_CAPACITY)).catch(() => undefined)
      await socket.send('the answer')
      void socket.writer.close()
      expect(await client.readAll()).to.equal('all of the answer')
      await served
    })

    it('fails the client when the far end fails: what is cut short looks cut short', async () => {
      const socket = await open()
      await socket.send('half')
      expect(await client.read(4)).to.equal('half')
      const failure = new SocketError('END_CONNRESET', 'reset')
      socket.fail(failure)
      expect(await client.readAll().catch((error: unknown) => error)).to.equal(failure)
      await served
    })

    it('closes the stream when the client dies, in whatever direction bytes flow', async () => {
      for (const flow of ['none', 'up', 'down'] as const) {
        client = new FakeClient(clock)
        const socket = await open()
        if (flow === 'up') await client.send('x'.repeat(3 * PIPE_CAPACITY))
        if (flow === 'down') void socket.send('x'.repeat(3 * PIPE_CAPACITY)).catch(() => undefined)
        await turn(3)
        client.die()
        await served
        expect(socket.closedWith, flow).not.to.have.lengthOf(0)
      }
    })

    it('closes the stream when the client dies while the far end is awaited', async () => {
      const socket = await ask()
      client.die()
      await served
      expect(socket.closedWith).not.to.have.lengthOf(0)
    })

    it('gives up the client when connect gives no socket', async () => {
      serve({ connect: () => ({}) as never })
      await client.send(GREETING + TO_NAME)
      await served
    })

    it('has no timer of its own', async () => {
      await open()
      expect(clock.timers).to.equal(0)
      clock.advance(10_000_000)
      await client.send('still here')
      expect(await (network.sockets[0] as FakeSocket).received()).to.equal('still here')
    })
  })

  describe('asked for a name', () => {
    const RESOLVE = `${GREETING}${hex('05 f0 00 03 06')}a.test${hex('0000')}`
    const PTR = GREETING + hex('05 f1 00 01 c0000207 0000')

    it('answers with an IPv4 address rather than an IPv6 one, and ends', async () => {
      network.answers = [
        { type: 'ipv6', address: '2001:db8::1' },
        { type: 'ipv4', address: '192.0.2.7' },
      ]
      serve()
      await client.send(RESOLVE)
      expect(await client.readAll()).to.equal(CHOSEN + hex('05 00 00 01 c0000207 0000'))
      await served
      expect(network.lookups.map(({ name, isolation }) => ({ name, isolation }))).to.deep.equal([
        { name: 'a.test', isolation: undefined },
      ])
    })

    it('answers with an IPv6 address where there is no other', async () => {
      network.answers = [{ type: 'ipv6', address: '2001:db8::1' }]
      serve()
      await client.send(RESOLVE)
      expect(await client.readAll()).to.equal(CHOSEN + hex('05 00 00 04 20010db8000000000000000000000001 0000'))
    })

    it('answers with the name of an address', async () => {
      network.answers = [{ type: 'hostname', hostname: 'a.test' }]
      serve()
      await client.send(PTR)
      expect(await client.readAll()).to.equal(`${CHOSEN}${hex('05 00 00 03 06')}a.test${hex('0000')}`)
      expect(network.lookups[0]?.name).to.equal('192.0.2.7')
    })

    it('answers SOCKS 4 with an IPv4 address, and with nothing else', async () => {
      for (const [answers, expected] of [
        [[{ type: 'ipv4', address: '192.0.2.7' }], hex('00 5a 0000 c0000207')],
        [[{ type: 'ipv6', address: '2001:db8::1' }], hex('00 5b 0000 00000000')],
      ] as const) {
        client = new FakeClient(clock)
        network.answers = answers
        serve()
        await client.send(`${hex('04 f0 0000 00000001')}me\0a.test\0`)
        expect(await client.readAll()).to.equal(expected)
      }
      expect(network.lookups[0]?.isolation).to.equal('socks4 2:me')
    })

    it('gives an address as its own answer, and asks nobody', async () => {
      serve()
      await client.send(`${GREETING}${hex('05 f0 00 03 07')}8.8.8.8${hex('0000')}`)
      expect(await client.readAll()).to.equal(CHOSEN + hex('05 00 00 01 08080808 0000'))
      expect(network.lookups).to.deep.equal([])
    })

    it('says host unreachable when there is no answer of the kind', async () => {
      for (const sent of [RESOLVE, PTR]) {
        client = new FakeClient(clock)
        network.answers =
          sent === PTR ? [{ type: 'ipv4', address: '192.0.2.7' }] : [{ type: 'hostname', hostname: 'a.test' }]
        serve()
        await client.send(sent)
        expect(await client.readAll()).to.equal(CHOSEN + failed('04'))
      }
    })

    it('says why the lookup failed', async () => {
      serve({ resolve: () => Promise.reject(new SocketError('TIMEOUT', 'late')) })
      await client.send(RESOLVE)
      expect(await client.readAll()).to.equal(CHOSEN + failed('06'))
    })

    it('survives answers that are none', async () => {
      for (const answers of [
        [{ type: 'ipv4', address: 'a.test' }],
        [{ type: 'hostname', hostname: 'x'.repeat(256) }],
        [{ type: 'hostname', hostname: '\u00fc' }],
        undefined,
      ]) {
        client = new FakeClient(clock)
        network.answers = answers as never
        serve()
        await client.send(answers?.[0]?.type === 'hostname' ? PTR : RESOLVE)
        expect(await client.readAll()).to.equal(CHOSEN + failed('01'))
      }
    })

    it('gives up the lookup with the signal', async () => {
      const controller = new AbortController()
      network.answers = new Promise(() => undefined)
      serve({ signal: controller.signal })
      await client.send(RESOLVE)
      await turn(3)
      controller.abort()
      expect(network.lookups[0]?.signal.aborted).to.equal(true)
    })
  })

  describe('with a signal', () => {
    it('ends in every phase, and closes the stream', async () => {
      for (const phase of ['before', 'handshake', 'connecting', 'open', 'stuck'] as const) {
        client = new FakeClient(clock)
        const controller = new AbortController()
        const options = { signal: controller.signal }
        if (phase === 'before') controller.abort()
        if (phase === 'before' || phase === 'handshake') serve(options)
        const socket =
          phase === 'connecting'
            ? await ask(options)
            : phase === 'open' || phase === 'stuck'
              ? await open(options)
              : undefined
        if (phase === 'stuck') {
          void client.send('x'.repeat(3 * PIPE_CAPACITY)).catch(() => undefined)
          void socket?.send('x'.repeat(3 * PIPE_CAPACITY)).catch(() => undefined)
          await turn(5)
        }
        const reason = new Error('enough')
        controller.abort(reason)
        await served
        expect(clock.timers, phase).to.equal(0)
        if (socket) expect(socket.closedWith[0], phase).to.equal(reason)
      }
    })
  })

  describe('given nonsense', () => {
    it('names the option', async () => {
      const { connect } = network
      for (const [options, name] of [
        [{}, 'connect'],
        [{ connect: 'connect' }, 'connect'],
        [{ connect, resolve: 1 }, 'resolve'],
        [{ connect, onWarning: 1 }, 'onWarning'],
        [{ connect, extendedErrors: 1 }, 'extendedErrors'],
        [{ connect, handshakeTimeout: -1 }, 'handshakeTimeout'],
        [{ connect, signal: {} }, 'signal'],
      ] as const) {
        const error: unknown = await serveSocks(client.connection, options as never).catch((reason: unknown) => reason)
        expect(error, name).to.be.instanceOf(name === 'handshakeTimeout' ? RangeError : TypeError)
        expect(String(error)).to.contain(name)
      }
      expect(
        await serveSocks(client.connection, undefined as never).catch((reason: unknown) => reason),
      ).to.be.instanceOf(TypeError)
    })

    it('rejects when the streams are locked', async () => {
      client.connection.readable.getReader()
      expect(
        await serveSocks(client.connection, { connect: network.connect }).catch((reason: unknown) => reason),
      ).to.be.instanceOf(TypeError)
    })
  })
})
