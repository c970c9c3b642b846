import { expect } from 'chai'
import type { TorFetchInit } from '../../lib/client/connect-options.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'
import { SocketError } from '../../lib/base/errors.ts'
import type { DirectoryRelay } from '../../lib/directory/network-directory.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Platform } from '../../lib/platform/platform.ts'
import type { TlsAdapter } from '../../lib/platform/tls/tls-adapter.ts'
import type { ExitHandler } from '../../lib/testing/exit/exit.ts'
import { pattern } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { ok, raw, redirect, streamOf } from '../fetch/support/fetch-case.ts'
import { textOf } from '../fetch/support/outcome.ts'
import { ScriptedConnection, type SeenRequest } from '../fetch/support/scripted-server.ts'
import { rejection, sameBytes } from '../stream/support/stream-fixture.ts'
import { ClientFixture, exit, guard } from './support/client-fixture.ts'

const ONE = 'http://one.example/'
const TWO = 'http://two.example/'
const BEGIN = 1

describe('TorClient.fetch', function () {
  let fixture: ClientFixture
  let tor: TorClient
  /** The connections that the exits made, oldest first. */
  let origins: ScriptedConnection[] = []
  /** How many streams the network was asked for. */
  let begins = 0
  let answer: (request: SeenRequest, origin: ScriptedConnection) => void

  const connectToOrigin: ExitHandler = ({ host, port }) => {
    const origin = new ScriptedConnection({ hostname: host, port }, { secureTransport: 'off' }, (request, each) =>
      answer(request, each),
    )
    origins.push(origin)
    return {
      readable: origin.socket.readable,
      writable: origin.socket.writable as WritableStream<Uint8Array>,
      address: '203.0.113.80',
      ttl: 60,
    }
  }

  before(async () => {
    fixture = await ClientFixture.start({ exit: connectToOrigin })
  })

  beforeEach(async () => {
    origins = []
    answer = (_, origin) => origin.send(ok())
    tor = await fixture.open()
    countStreams(fixture)
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  function countStreams({ network }: ClientFixture): void {
    begins = 0
    for (const relay of network.relays) {
      relay.onMessage = (_, { command }) => {
        if (command === BEGIN) begins += 1
        return 'handle'
      }
    }
  }

  const get = (url: string, init?: TorFetchInit, client: Pick<TorClient, 'fetch'> = tor): Promise<Response> =>
    fixture.passing(client.fetch(url, init))
  const getText = async (...args: Parameters<typeof get>): Promise<string> =>
    fixture.passing((await get(...args)).text())
  const failure = async (fetching: Promise<unknown>): Promise<Error> =>
    (await rejection(fixture.passing(fetching))) as Error

  /** The circuits that have a stream to this host, or had one. */
  const circuitsTo = (host: string): TestCircuit[] =>
    fixture.network.circuits.filter(({ hops }) =>
      [...(hops.at(-1)?.streams.values() ?? [])].some(({ target }) => target?.host === host),
    )

  /** The client has ended every stream of this circuit. */
  const isOver = ({ hops }: TestCircuit): boolean =>
    [...(hops.at(-1)?.streams.values() ?? [])].every(({ endReceived }) => endReceived !== undefined)

  describe('a condition on the exit', () => {
    it('holds for a fetch as for connect', async () => {
      const error = await failure(get('http://one.example/', { exit: () => false }))
      expect(error.cause).to.have.property('code', 'NO_PATH')
      expect(begins).to.equal(0)
    })

    it('chooses the exit, also where a connection without one waits', async () => {
      const exitsUsed = (): (TestRelay | undefined)[] => circuitsTo('one.example').map(({ hops }) => hops.at(-1)?.relay)
      await getText('http://one.example/')
      const [first] = exitsUsed()
      const other = fixture.network.relays.find((relay) => relay !== first && relay.listing.flags.includes('Exit'))
      const exit = ({ nickname }: DirectoryRelay): boolean => nickname === other?.nickname
      expect(await getText('http://one.example/', { exit })).to.equal('ok')
      expect(exitsUsed()).to.have.members([first, other])
      expect(origins).to.have.lengthOf(2)
    })

    it('is checked before anything is sent', async () => {
      const error = await failure(get('http://one.example/', { exit: 'x' as never }))
      expect(error).to.be.instanceOf(TypeError).with.property('message').that.contains('exit')
      expect(begins).to.equal(0)
    })
  })

  describe('what it brings', () => {
    it('is also https, by the TLS library that the streams of the client have', async () => {
      const names: string[] = []
      const adapter: TlsAdapter = {
        secure: ({ readable, writable }, { serverName, alpn }) => {
          names.push(serverName)
          return Promise.resolve({ readable, writable: writable as WritableStream<Uint8Array>, alpn: alpn[0] })
        },
      }
      const secured = await fixture.open({ streamDefaults: { tls: { adapter } } })
      expect(await getText('https://one.example/', {}, secured)).to.equal('ok')
      expect(names).to.deep.equal(['one.example'])
      expect(origins.map(({ address }) => address)).to.deep.equal([{ hostname: 'one.example', port: 443 }])
    })

    it('is a Response of the runtime, by an exit that was given the name', async () => {
      const response = await get('http://one.example:8080/path?query', { headers: { 'X-Word': 'said' } })
      expect(response).to.be.instanceOf(Response)
      expect([response.status, response.url, response.redirected]).to.deep.equal([
        200,
        'http://one.example:8080/path?query',
        false,
      ])
      expect(await fixture.passing(response.text())).to.equal('ok')
      expect(origins.map(({ address }) => address)).to.deep.equal([{ hostname: 'one.example', port: 8080 }])
      const [request] = origins[0]?.requests ?? []
      expect([request?.line, request?.fields.get('host'), request?.fields.get('x-word')]).to.deep.equal([
        'GET /path?query HTTP/1.1',
        'one.example:8080',
        'said',
      ])
    })

    it('is as many bytes as the server has, every one right', async () => {
      const bytes = pattern(0, 600_000)
      answer = (_, origin) => origin.send(raw([`Content-Length: ${bytes.length}`]), bytes)
      const body = new Uint8Array(await fixture.passing((await get(ONE)).arrayBuffer()))
      expect(sameBytes(body, bytes)).to.equal(true)
    })

    it('is the answer to a POST whose body is a stream', async () => {
      answer = ({ method, body }, origin) => origin.send(ok(`${method} ${body}`))
      const init = { method: 'POST', body: streamOf('a stream ', 'of ', 'pieces'), duplex: 'half' } as const
      expect(await getText(ONE, init)).to.equal('POST a stream of pieces')
      expect(origins[0]?.requests[0]?.fields.get('transfer-encoding')).to.equal('chunked')
    })

    it('comes from where a redirect leads, over a stream of its own', async () => {
      answer = ({ target }, origin) => origin.send(target === '/' ? redirect(302, `${TWO}there`) : ok('there'))
      const response = await get(ONE)
      expect([response.url, response.redirected]).to.deep.equal([`${TWO}there`, true])
      expect(await fixture.passing(response.text())).to.equal('there')
      expect(origins.map(({ address }) => address.hostname)).to.deep.equal(['one.example', 'two.example'])
    })

    it('is the same when fetch was taken out of its client', async () => {
      const { fetch } = tor
      expect(await getText(ONE, undefined, { fetch })).to.equal('ok')
    })
  })

  describe('connections', () => {
    it('serve one request after the other to the same origin, and no other origin', async () => {
      for (let round = 0; round < 3; round++) expect(await getText(ONE)).to.equal('ok')
      await getText('http://one.example:8080/')
      await getText(TWO)
      expect(origins.map(({ requests }) => requests.length)).to.deep.equal([3, 1, 1])
      expect(begins).to.equal(3)
    })

    it('are never shared by two isolation tokens, and neither are circuits', async () => {
      const tokens = ['alice', Symbol('alice'), 'alice', undefined]
      for (const isolation of tokens) await getText(ONE, isolation === undefined ? {} : { isolation })
      expect(origins.map(({ requests }) => requests.length)).to.deep.equal([2, 1, 1])
      expect(circuitsTo('one.example')).to.have.length(3)
    })

    it('keep the token of their fetch where a redirect leads', async () => {
      answer = ({ target }, origin) => origin.send(target === '/' ? redirect(307, `${TWO}there`) : ok())
      await getText(ONE, { isolation: 'alice' })
      await getText(TWO, { isolation: 'bob' })
      const [alice] = circuitsTo('one.example')
      expect(circuitsTo('two.example')).to.have.length(2).and.to.include(alice)
    })

    it('are never shared by two views of a client, and neither are circuits', async () => {
      await getText(ONE)
      await getText(ONE, { isolation: 'alice' })
      const other = tor.isolated()
      await getText(ONE, undefined, other)
      await getText(ONE, { isolation: 'alice' }, other)
      await getText(ONE, undefined, other)
      expect(origins.map(({ requests }) => requests.length)).to.deep.equal([1, 1, 2, 1])
      expect(circuitsTo('one.example')).to.have.length(4)
    })

    it('that nobody has used for half a minute are closed', async () => {
      await getText(ONE)
      fixture.clock.advance(30_000)
      await fixture.network.when(() => circuitsTo('one.example').every(isOver))
      await getText(ONE)
      expect(begins).to.equal(2)
    })

    it('that the server has ended are not used again', async () => {
      await getText(ONE)
      origins[0]?.end()
      await fixture.quiet()
      expect(await getText(ONE)).to.equal('ok')
      expect(begins).to.equal(2)
    })
  })

  describe('an end before the end', () => {
    const reason = new Error('enough')

    it('by the signal before anything was sent rejects with its reason', async () => {
      expect(await failure(tor.fetch(ONE, { signal: AbortSignal.abort(reason) }))).to.equal(reason)
      expect(begins).to.equal(0)
    })

    it('by the signal in flight rejects with its reason, and the exit hears of it', async () => {
      const controller = new AbortController()
      answer = () => controller.abort(reason)
      expect(await failure(tor.fetch(ONE, { signal: controller.signal }))).to.equal(reason)
      const [circuit] = circuitsTo('one.example') as [TestCircuit]
      await fixture.network.when(() => isOver(circuit))
    })

    it('by the signal amid a body fails the body with its reason', async () => {
      const controller = new AbortController()
      answer = (_, origin) => origin.send(raw(['Content-Length: 9'], 'a'))
      const { body } = await get(ONE, { signal: controller.signal })
      controller.abort(reason)
      expect(await failure(textOf(body as ReadableStream<Uint8Array>))).to.equal(reason)
    })

    it('by close() rejects what waits and fails bodies, with the reason, and nothing stays open', async () => {
      answer = ({ target }, origin) => (target === '/body' ? origin.send(raw(['Content-Length: 9'], 'a')) : undefined)
      const { body } = await get(`${ONE}body`)
      const waiting = failure(tor.fetch(TWO))
      await fixture.network.when(() => origins.length === 2)
      const reading = failure(textOf(body as ReadableStream<Uint8Array>))
      await fixture.passing(tor.close())
      await fixture.expectNothingOpen()
      for (const error of [await waiting, await reading])
        expect(error).to.be.instanceOf(TypeError).with.property('cause').that.is.an('error')
    })

    it('is close() of a client with idle connections: nothing stays open, and further fetches reject', async () => {
      await getText(ONE)
      await getText(TWO, { isolation: 'alice' })
      await getText(ONE, undefined, tor.isolated())
      await fixture.passing(tor.close())
      await fixture.expectNothingOpen()
      for (const url of [ONE, TWO]) {
        const error = await failure(tor.fetch(url))
        expect(error).to.be.instanceOf(TypeError)
        expect(error.cause).to.be.instanceOf(SocketError)
      }
      expect(begins).to.equal(3)
      await fixture.expectNothingOpen()
    })

    it('is close() before the first fetch, too', async () => {
      await fixture.passing(tor.close())
      expect((await failure(tor.fetch(ONE))).cause).to.be.instanceOf(SocketError)
      await fixture.expectNothingOpen()
    })
  })

  describe('refuses before anything is sent', () => {
    const refused = async (client: TorClient, url: string, code: string): Promise<void> => {
      const error = await failure(client.fetch(url))
      expect(error, url).to.be.instanceOf(TypeError).and.not.instanceOf(SocketError)
      expect(error.cause, url).to.be.instanceOf(SocketError).with.property('code', code)
    }

    it('what no exit shall be asked for', async () => {
      await refused(tor, 'http://abc.onion/', 'ONION_ADDRESS_INVALID')
      await refused(tor, 'http://example.com.relay.exit/', 'ADDRESS_REFUSED')
      expect(begins).to.equal(0)
    })

    it('where a redirect leads, if no exit shall be asked for it', async () => {
      answer = (_, origin) => origin.send(redirect(302, 'http://abc.onion/'))
      await refused(tor, ONE, 'ONION_ADDRESS_INVALID')
      expect(begins).to.equal(1)
    })

    it('private addresses and local names, unless the network is for testing', async () => {
      // In earnest no two relays of a path may be neighbours.
      const relays = [guard('guard'), guard('middle'), exit('exit')].map((plan, index) => ({
        ...plan,
        address: { hostname: `20.${index}.0.1`, port: 443 },
      }))
      const earnest = await ClientFixture.start({ relays, exit: connectToOrigin })
      const strict = await earnest.open({ network: { ...earnest.network.config, testing: false } })
      countStreams(earnest)
      for (const host of ['10.0.0.1', '127.0.0.1', '2130706433', '[::1]', '[fe80::1]', 'localhost', 'printer.local']) {
        await refused(strict, `http://${host}/`, 'ADDRESS_REFUSED')
      }
      expect(begins).to.equal(0)
      await earnest.tidy()
      await earnest.end()
    })

    it('https where there is no TLS', async () => {
      const platform = Object.create(currentPlatform(), { tls: { value: undefined } }) as Platform
      const bare = await fixture.open({ platform })
      await refused(bare, 'https://one.example/', 'TLS_UNSUPPORTED')
      expect(begins).to.equal(0)
    })

    it('private addresses in a network for testing, where the streams of the client are to refuse them', async () => {
      const careful = await fixture.open({ streamDefaults: { rejectInternalAddresses: true } })
      for (const client of [careful, careful.isolated()]) await refused(client, 'http://10.0.0.1/', 'ADDRESS_REFUSED')
      expect(begins).to.equal(0)
    })

    it('bad arguments, as a rejection', async () => {
      const calls: readonly (readonly unknown[])[] = [
        [],
        ['/relative'],
        ['ftp://one.example/'],
        ['http://user:word@one.example/'],
        ['http://one.example:25/'],
        ['http://'],
        [ONE, { method: 'CONNECT' }],
        [ONE, { method: 'a b' }],
        [ONE, { body: 'with GET' }],
        [ONE, { headers: { 'a b': 'c' } }],
        [ONE, { redirect: 'sometimes' }],
        [ONE, { signal: {} }],
        [ONE, { integrity: 'sha256-x' }],
        [ONE, { method: 'POST', body: streamOf('a') }],
      ]
      const fetch = tor.fetch as (...args: readonly unknown[]) => Promise<Response>
      for (const [index, args] of calls.entries()) {
        const error = await failure(fetch(...args))
        expect(error, `call ${index}`).to.be.instanceOf(TypeError).and.not.to.have.property('cause')
      }
      expect(begins).to.equal(0)
    })
  })
})
