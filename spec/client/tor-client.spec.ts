import { expect } from 'chai'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { ClientStatus } from '../../lib/client/bootstrap/status.ts'
import type { DirectoryRelay } from '../../lib/directory/network-directory.ts'
import { SocketError } from '../../lib/base/errors.ts'
import type { ExitConnection } from '../../lib/testing/exit/exit.ts'
import { pattern, source } from '../../lib/testing/exit/exits.ts'
import { codeOf, rejection, sameBytes } from '../stream/support/stream-fixture.ts'
import { ClientFixture, exchange, exit, guard, pathOf } from './support/client-fixture.ts'

const LENGTH = 100_000

describe('TorClient', function () {
  let fixture: ClientFixture

  before(async () => {
    fixture = await ClientFixture.start({
      exit: (request) => {
        if (request.host === 'silent.example') return new Promise(() => undefined)
        return request.port === 7 ? echoing() : source({ length: LENGTH })(request)
      },
      resolve: (name) =>
        name === '4.2.0.192.in-addr.arpa'
          ? [{ type: 'hostname', hostname: 'relay.example', ttl: 120 }]
          : name.startsWith('nx')
            ? [{ type: 'error', transient: false, ttl: 60 }]
            : [
                { type: 'ipv4', address: '203.0.113.5', ttl: 90 },
                { type: 'ipv6', address: '2001:db8::5', ttl: 91 },
              ],
    })
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  const echoing = (): ExitConnection => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    return { readable, writable, address: '203.0.113.7', ttl: 60 }
  }

  describe('and the process', () => {
    it('holds it while something is awaited, by no timer when it is idle, and by nothing when it is closed', async () => {
      const { clock } = fixture
      const opening = TorClient.open(fixture.options)
      expect(clock.awaited).to.be.above(0)
      const tor = await fixture.passing(opening)
      await fixture.quiet()
      // Renewal, circuits ahead, padding of the link, and the end of each circuit to a directory that is kept.
      const kept = tor.circuits.filter(({ purpose }) => purpose === 'directory').length
      expect([clock.awaited, clock.timers]).to.deep.equal([0, 3 + kept])

      const socket = tor.connect('silent.example:80')
      await tor.resolve('example.com')
      await fixture.quiet()
      expect(clock.awaited).to.be.above(0)
      const closing = socket.close()
      await fixture.passing(closing)
      await fixture.quiet()
      expect(clock.awaited).to.equal(0)

      await tor.close()
      expect(clock.timers).to.equal(0)
    })
  })

  describe('from opening to closing', () => {
    it('goes from the addresses of some directory servers to a stream, a lookup, and nothing', async () => {
      const tor = await fixture.open()
      const socket = tor.connect('example.com:80')
      const { remoteAddress, ttl } = await socket.opened
      expect([remoteAddress, ttl]).to.deep.equal(['203.0.113.80:80', 300])
      const bytes = new Uint8Array(await new Response(socket.readable).arrayBuffer())
      expect(sameBytes(bytes, pattern(0, LENGTH))).to.equal(true)
      await socket.closed
      expect(await exchange(tor.connect({ hostname: 'example.com', port: 7 }), 'hello')).to.equal('hello')
      expect(await tor.resolve('example.com')).to.deep.equal([
        { type: 'ipv4', address: '203.0.113.5', ttl: 90 },
        { type: 'ipv6', address: '2001:db8::5', ttl: 91 },
      ])
      expect(await tor.resolve('192.0.2.4')).to.deep.equal([{ type: 'hostname', hostname: 'relay.example', ttl: 120 }])
      expect(await codeOf(tor.resolve('nx.example'))).to.equal('RESOLVE_FAILED')
      await tor.close()
      await fixture.expectNothingOpen()
      expect(tor.status).to.deep.equal({ phase: 'closed', percent: 0, message: 'Closed', warnings: [] })
    })

    it('tells its progress, forward only, without a relay or an address', async () => {
      const told: ClientStatus[] = []
      const tor = await fixture.open({ onProgress: (status) => told.push(status) })
      expect([...new Set(told.map(({ phase }) => phase))]).to.deep.equal([
        'connecting',
        'consensus',
        'certificates',
        'microdescriptors',
        'circuit',
        'ready',
      ])
      const percents = told.map(({ percent }) => percent)
      expect(percents).to.deep.equal([...percents].sort((a, b) => a - b))
      expect(percents.at(-1)).to.equal(100)
      expect(told.every(({ message, warnings }) => /^[A-Z][a-z ]+$/.test(message) && warnings.length === 0)).to.equal(
        true,
      )
      expect(tor.status).to.deep.equal(told.at(-1))
      await tor.close()
      expect(told.at(-1)?.phase).to.equal('closed')
      expect(told.length).to.equal(percents.length + 1)
    })

    it('takes paths of three relays, the first of which is one of its guards, and dials nobody else', async () => {
      const tor = await fixture.open()
      fixture.network.dials.length = 0
      for (let round = 0; round < 6; round++) await fixture.fetch(tor, `host${round}.example:80`, { isolation: round })
      const paths = Array.from({ length: 6 }, (_, round) => pathOf(fixture.circuitOf(`host${round}.example`)))
      for (const path of paths) {
        expect(new Set(path).size).to.equal(3)
        expect(path[0]).to.match(/^guard/)
        expect(path[2]).to.match(/^exit/)
      }
      expect(new Set(paths.map(([guard]) => guard)).size).to.equal(1)
      expect(fixture.network.dials).to.deep.equal([])
    })

    it('can be disposed of', async () => {
      const tor = await fixture.open()
      await fixture.fetch(tor)
      await tor[Symbol.asyncDispose]()
      await fixture.expectNothingOpen()
    })
  })

  describe('connect', () => {
    it('is bound, as resolve is', async () => {
      const { connect, resolve } = await fixture.open()
      expect((await fixture.fetch({ connect })).length).to.equal(LENGTH)
      expect((await resolve('example.com')).length).to.equal(2)
    })

    it('serves a hundred at a time, over few circuits', async () => {
      const tor = await fixture.open()
      const before = fixture.built
      const bodies = await Promise.all(
        Array.from({ length: 100 }, (_, index) => fixture.fetch(tor, `host${index}.example:80`)),
      )
      expect(bodies.every((bytes) => bytes.length === LENGTH)).to.equal(true)
      expect(fixture.built - before).to.be.at.most(6) // one carries them all; the others are spare ones that take its place
    })

    it('refuses at once, before anything is sent, what no exit shall be asked for', async () => {
      const tor = await fixture.open()
      for (const host of ['abc.onion', 'example.com.relay.exit', 'a..b', '']) {
        for (const attempt of [() => tor.connect({ hostname: host, port: 80 }), () => tor.resolve(host)]) {
          expect(attempt).to.throw(TypeError).and.not.to.be.instanceOf(RangeError)
        }
      }
      expect(() => tor.connect('abc.onion:80'))
        .to.throw(SocketError)
        .with.property('code', 'ONION_ADDRESS_INVALID')
      expect(() => tor.resolve('abc.onion'))
        .to.throw(SocketError)
        .with.property('code', 'ADDRESS_REFUSED')
    })

    it('refuses internal addresses and names, and exits that say that they connected there; a network for testing allows them', async () => {
      const tor = await fixture.open()
      expect((await fixture.fetch(tor, '10.0.0.1:80')).length).to.equal(LENGTH)
      // In earnest no two relays of a path may be neighbours.
      const relays = ['guard', 'middle', 'exit'].map((name, index) => ({
        ...(name === 'exit' ? exit(name) : guard(name)),
        address: { hostname: `20.${index}.0.1`, port: 443 },
      }))
      const earnest = await ClientFixture.start({
        relays,
        exit: (request) => ({ ...echoing(), address: request.host === 'fine.example' ? '203.0.113.7' : '10.0.0.1' }),
        resolve: (name) => [
          { type: 'ipv4', address: name === 'fine.example' ? '203.0.113.7' : '192.168.0.1', ttl: 60 },
        ],
      })
      const strict = await earnest.open({ network: { ...earnest.network.config, testing: false } })
      for (const host of ['10.0.0.1', '[::1]', 'localhost', 'printer.local']) {
        expect(() => strict.connect(`${host}:80`), host)
          .to.throw(SocketError)
          .with.property('code', 'ADDRESS_REFUSED')
        expect(() => strict.resolve(host), host)
          .to.throw(SocketError)
          .with.property('code', 'ADDRESS_REFUSED')
      }
      await earnest.passing(strict.connect('fine.example:80').opened)
      expect((await strict.resolve('fine.example')).length).to.equal(1)
      expect(await codeOf(earnest.passing(strict.connect('rebound.example:80').opened))).to.equal('ADDRESS_REFUSED')
      expect(await codeOf(earnest.passing(strict.resolve('rebound.example')))).to.equal('RESOLVE_TRANSIENT')
      await earnest.tidy()
      await earnest.end()
    })

    it('refuses options that are none, naming them', async () => {
      const tor = await fixture.open()
      const exit = 'de' as unknown as (relay: DirectoryRelay) => boolean
      expect(() => tor.connect('example.com:80', { attemptTimeouts: [] })).to.throw(RangeError, 'attemptTimeouts')
      expect(() => tor.connect('example.com:80', { attemptTimeouts: [1, -1] })).to.throw(RangeError, 'attemptTimeouts')
      expect(() => tor.connect('example.com:80', { attemptTimeouts: 5 as unknown as number[] })).to.throw(
        TypeError,
        'attemptTimeouts',
      )
      expect(() => tor.connect('example.com:80', { timeout: NaN })).to.throw(RangeError, 'timeout')
      expect(() => tor.connect('example.com:80', { exit })).to.throw(TypeError, 'exit')
      expect(() => tor.connect('example.com:80', null as unknown as object)).to.throw(TypeError, 'options')
      expect(() => tor.connect('example.com:0')).to.throw(RangeError, 'port')
      expect(() => tor.resolve(5 as unknown as string)).to.throw(TypeError, 'name')
      expect(() => tor.connect('example.com:80', { secureTransport: 'ON' as 'on' })).to.throw(
        TypeError,
        'secureTransport',
      )
    })
  })

  describe('open', () => {
    it('refuses options that are none, naming them', async () => {
      const bad: readonly (readonly [name: string, options: unknown])[] = [
        ['options', null],
        ['network', { network: {} }],
        ['network', { network: { authorities: [], fallbacks: [] } }],
        ['timeout', { timeout: -1 }],
        ['signal', { signal: {} }],
      ]
      for (const [name, options] of bad) {
        const error = (await rejection(
          TorClient.open(
            options === null ? (null as unknown as TorClientOptions) : { ...fixture.options, ...(options as object) },
          ),
        )) as Error
        expect(error).to.be.oneOf([error instanceof TypeError || error instanceof RangeError ? error : undefined])
        expect(error.message).to.include(name)
      }
      expect(fixture.network.dials).to.deep.equal([])
    })

    it('fails with what its onProgress throws, and leaves nothing', async () => {
      const oops = new Error('oops')
      for (const phase of ['connecting', 'certificates', 'ready']) {
        const onProgress = (status: ClientStatus): void => {
          if (status.phase === phase) throw oops
        }
        expect(await rejection(fixture.open({ onProgress }))).to.equal(oops)
        await fixture.expectNothingOpen()
      }
    })
  })

  describe('close', () => {
    it('ends everything that is under way, and leaves no timer, link or pending promise', async () => {
      const tor = await fixture.open()
      const open = tor.connect({ hostname: 'example.com', port: 7 })
      await open.opened
      const pendingRead = open.readable.getReader().read()
      const connecting = tor.connect('late.example:80', { isolation: 'other' })
      const lookup = tor.resolve('late.example', { isolation: 'third' })
      const closing = tor.close()
      expect(tor.close()).to.equal(closing)
      const codes = await Promise.all(
        [open.closed, pendingRead, connecting.opened, connecting.closed, lookup].map(codeOf),
      )
      expect(new Set(codes)).to.deep.equal(new Set(['CIRCUIT_CLOSED']))
      await closing
      await fixture.expectNothingOpen()
    })

    it('is the end: later streams and lookups fail, and nobody is dialled for them', async () => {
      const tor = await fixture.open()
      const view = tor.isolated()
      await view.close()
      fixture.network.dials.length = 0
      expect(await codeOf(tor.connect('example.com:80').opened)).to.equal('CIRCUIT_CLOSED')
      expect(await codeOf(tor.resolve('example.com'))).to.equal('CIRCUIT_CLOSED')
      expect(fixture.network.dials).to.deep.equal([])
      await fixture.expectNothingOpen()
    })
  })
})
