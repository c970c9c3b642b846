import { expect } from 'chai'
import { createFetch, type CreateFetchOptions, type Fetch } from '../../lib/fetch/create-fetch.ts'
import { HttpError } from '../../lib/http/message/http-error.ts'
import type { FetchSocket } from '../../lib/fetch/connection/socket.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { answer, ok, raw, streamOf } from './support/fetch-case.ts'
import { ScriptedServer } from './support/scripted-server.ts'

const ONE = 'http://one.example/'

/** What a promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<TypeError> =>
  promise.then(
    () => new TypeError('it did not reject'),
    (error: unknown) => error as TypeError,
  )

describe('fetch connections', () => {
  let server: ScriptedServer
  let clock: FakeClock
  let fetch: Fetch
  /** What is answered; then nothing. */
  let replies: string[]

  function make(options: Partial<CreateFetchOptions> = {}): Fetch {
    return createFetch({ connect: server.connect, clock, ...options })
  }

  beforeEach(() => {
    replies = []
    clock = new FakeClock()
    server = new ScriptedServer((_, connection) => connection.send(replies.shift() ?? ok()))
    fetch = make()
  })

  afterEach(() => {
    fetch.close()
    expect(clock.timers).to.equal(0)
  })

  const get = async (url = ONE, init?: Parameters<Fetch>[1]): Promise<string> => (await fetch(url, init)).text()
  const connections = (): number => server.connections.length

  describe('are used again', () => {
    it('for the same origin', async () => {
      for (let count = 0; count < 5; count++) await get(`${ONE}${count}`)
      expect(connections()).to.equal(1)
    })

    it('after a body in chunks', async () => {
      replies = [raw(['Transfer-Encoding: chunked'], '1\r\na\r\n0\r\n\r\n')]
      await get()
      await get()
      expect(connections()).to.equal(1)
    })

    it('after HEAD, 204 and 304', async () => {
      replies = ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HTTP/1.1 204 No\r\n\r\n', 'HTTP/1.1 304 No\r\n\r\n']
      await get(ONE, { method: 'HEAD' })
      await get()
      await get()
      await get()
      expect(connections()).to.equal(1)
    })

    it('after a redirect whose body has arrived', async () => {
      replies = ['HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmoved']
      await get()
      expect(connections()).to.equal(1)
    })

    it('after an upload', async () => {
      await get(ONE, { method: 'POST', body: streamOf('a', 'b'), duplex: 'half' })
      await get()
      expect(connections()).to.equal(1)
    })

    it('one by one: those that are in use are not shared', async () => {
      await Promise.all([get(), get(), get()])
      expect(connections()).to.equal(3)
      await Promise.all([get(), get(), get()])
      expect(connections()).to.equal(3)
    })
  })

  describe('are not used again', () => {
    it('for another port, host or scheme', async () => {
      await get('http://one.example/')
      await get('http://one.example:81/')
      await get('http://two.example/')
      await get('https://one.example/')
      expect(connections()).to.equal(4)
    })

    it('for another isolation token', async () => {
      const token = {}
      for (const isolation of [undefined, 'a', 'b', token, {}, Symbol('a')])
        await get(ONE, isolation === undefined ? {} : { isolation })
      expect(connections()).to.equal(6)
      await get(ONE, { isolation: token })
      await get(ONE, { isolation: 'a' })
      expect(connections()).to.equal(6)
    })

    it('for another condition on the exit', async () => {
      const exit = (): boolean => true
      for (const each of [undefined, exit, () => true]) await get(ONE, { exit: each })
      expect(connections()).to.equal(3)
      expect(server.connections.map(({ options }) => options.exit)).to.include(exit)
      await get(ONE, { exit })
      await get(ONE)
      expect(connections()).to.equal(3)
      await get(ONE, { exit, isolation: 'a' })
      expect(connections()).to.equal(4)
    })

    const closing: Readonly<Record<string, string>> = {
      'Connection: close': ok('x', 'Connection: close'),
      'Connection: x, Close': ok('x', 'Connection: x, Close'),
      'HTTP/1.0': ok('x').replace('1.1', '1.0'),
      'HTTP/1.0 with keep-alive': ok('x', 'Connection: keep-alive').replace('1.1', '1.0'),
      'bytes behind the body': `${ok('x')}y`,
      'a whole response behind the body': ok('x') + ok('smuggled'),
      '204 with a length': 'HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\nx',
      '204 in chunks': 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '205 with a body': answer('205 Reset', [], 'x'),
    }
    for (const [name, reply] of Object.entries(closing)) {
      it(`after ${name}`, async () => {
        replies = [reply, ok('mine')]
        await get()
        expect(server.last.isClosed).to.equal(true)
        expect(await get()).to.equal('mine')
        expect(connections()).to.equal(2)
      })
    }

    it('when nobody knows where the far end takes its body to end', async () => {
      const heads = ['HTTP/1.1 204 No', 'HTTP/1.1 304 No', 'HTTP/1.1 200 OK']
      for (const [index, start] of heads.entries()) {
        replies = [`${start}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`]
        await get(ONE, { method: index === 2 ? 'HEAD' : 'GET' })
        await get()
        expect(connections()).to.equal(index + 2)
      }
    })

    it('when something comes while they wait', async () => {
      await get()
      server.last.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled')
      await turn()
      expect(server.last.isClosed).to.equal(true)
      expect(await get()).to.equal('ok')
      expect(connections()).to.equal(2)
    })

    it('when they end while they wait', async () => {
      await get()
      server.last.end()
      await turn()
      await get()
      expect(connections()).to.equal(2)
    })

    it('when they break while they wait', async () => {
      await get()
      server.last.fail(new Error('broken'))
      await turn()
      await get()
      expect(connections()).to.equal(2)
    })

    it('after a redirect whose body has not arrived', async () => {
      replies = ['HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmo']
      await get()
      expect(connections()).to.equal(2)
      expect(server.connections[0]?.isClosed).to.equal(true)
    })

    it('when the limit is 0, and the far end is told', async () => {
      fetch = make({ maxIdlePerOrigin: 0 })
      await get()
      expect(server.last.isClosed).to.equal(true)
      expect(server.requests[0]?.fields.get('connection')).to.equal('close')
    })
  })

  describe('wait', () => {
    it('no longer than the limit', async () => {
      fetch = make({ idleTimeout: 1000 })
      await get()
      clock.advance(999)
      expect(server.last.isClosed).to.equal(false)
      clock.advance(1)
      expect(server.last.isClosed).to.equal(true)
    })

    it('no longer than the far end says, less a second', async () => {
      replies = [ok('x', 'Keep-Alive: max=5, timeout=3')]
      await get()
      clock.advance(1999)
      expect(server.last.isClosed).to.equal(false)
      clock.advance(1)
      expect(server.last.isClosed).to.equal(true)
    })

    it('not at all when the far end says a second', async () => {
      replies = [ok('x', 'Keep-Alive: timeout=1')]
      await get()
      expect(server.last.isClosed).to.equal(true)
    })

    it('up to so many for an origin', async () => {
      fetch = make({ maxIdlePerOrigin: 2 })
      await Promise.all([get(), get(), get()])
      expect(server.connections.filter(({ isClosed }) => !isClosed)).to.have.lengthOf(2)
    })

    it('up to so many in all; the one that has waited the longest goes', async () => {
      fetch = make({ maxIdle: 2 })
      for (const name of ['a', 'b', 'c']) await get(`http://${name}.example/`)
      expect(server.connections.map(({ isClosed }) => isClosed)).to.deep.equal([true, false, false])
    })

    it('until close()', async () => {
      await get()
      fetch.close()
      expect(server.last.isClosed).to.equal(true)
      expect(await failure(fetch(ONE))).to.be.instanceOf(TypeError)
    })

    it('not after close(), which leaves those in use alone', async () => {
      const response = await fetch(ONE)
      fetch.close()
      expect(await response.text()).to.equal('ok')
      expect(server.last.isClosed).to.equal(true)
    })
  })

  describe('that turn out to be dead', () => {
    /** Makes the connection that waits die when the next request arrives there. */
    async function dying(reply?: string): Promise<void> {
      server = new ScriptedServer((_, connection) => {
        if (connection !== server.connections[0] || connection.requests.length === 1) return connection.send(ok())
        if (reply !== undefined) connection.send(reply)
        connection.end()
      })
      fetch = make()
      await get()
    }

    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      it(`are replaced once for ${method}`, async () => {
        await dying()
        expect((await fetch(ONE, { method, ...(method === 'PUT' && { body: 'again' }) })).status).to.equal(200)
        expect(connections()).to.equal(2)
        expect(server.last.requests[0]?.method).to.equal(method)
        expect(server.last.requests[0]?.body).to.equal(method === 'PUT' ? 'again' : '')
      })
    }

    it('are not replaced for POST', async () => {
      await dying()
      const error = await failure(fetch(ONE, { method: 'POST', body: 'x' }))
      expect(error.cause).to.be.instanceOf(HttpError).with.property('code', 'HTTP_NO_RESPONSE')
      expect(connections()).to.equal(1)
    })

    it('are not replaced for a stream', async () => {
      await dying()
      await failure(fetch(ONE, { method: 'PUT', body: streamOf('x'), duplex: 'half' }))
      expect(connections()).to.equal(1)
    })

    it('are not replaced once a byte has come', async () => {
      await dying('H')
      const error = await failure(fetch(ONE))
      expect(error.cause).to.be.instanceOf(HttpError).with.property('code', 'HTTP_TRUNCATED')
      expect(connections()).to.equal(1)
    })

    it('are not replaced when they are new', async () => {
      server = new ScriptedServer((_, connection) => connection.end())
      fetch = make()
      await failure(fetch(ONE))
      expect(connections()).to.equal(1)
    })
  })

  describe('are asked for', () => {
    it('by host name and port', async () => {
      await get('http://one.example/')
      await get('http://one.example:8080/')
      await get('http://[::1]:8080/')
      await get('http://127.1/')
      expect(server.connections.map(({ address }) => address)).to.deep.equal([
        { hostname: 'one.example', port: 80 },
        { hostname: 'one.example', port: 8080 },
        { hostname: '::1', port: 8080 },
        { hostname: '127.0.0.1', port: 80 },
      ])
    })

    it('with TLS for https, and with the token', async () => {
      await get('https://one.example/', { isolation: 'me' })
      await get('http://one.example/')
      expect(server.connections.map(({ address, options }) => [address.port, options])).to.deep.equal([
        [443, { secureTransport: 'on', alpn: ['http/1.1'], isolation: 'me' }],
        [80, { secureTransport: 'off' }],
      ])
    })

    it('without TLS where startTls puts it on top', async () => {
      const upgraded: unknown[] = []
      const startTls = (socket: FetchSocket, options: unknown): FetchSocket => {
        upgraded.push(options)
        return socket
      }
      fetch = make({ startTls })
      await get('https://one.example/')
      await get('http://one.example/')
      expect(upgraded).to.deep.equal([{ hostname: 'one.example', alpn: ['http/1.1'] }])
      expect(server.connections.map(({ options }) => options.secureTransport)).to.deep.equal(['off', 'off'])
    })

    it('and what connect throws is the cause', async () => {
      const refused = new SocketError('TLS_UNSUPPORTED', 'no TLS here')
      fetch = make({
        connect: () => {
          throw refused
        },
      })
      const error = await failure(fetch('https://one.example/'))
      expect(error).to.be.instanceOf(TypeError)
      expect(error).not.to.equal(refused)
      expect(error.cause).to.equal(refused)
    })

    it('and what befalls them before they stand is the cause, without a name in the message', async () => {
      const refused = new SocketError('END_CONNECTREFUSED', 'one-host refused')
      server.onConnection = (connection) => connection.fail(refused)
      const fetching = failure(fetch(ONE))
      const error = await fetching
      expect(error).to.be.instanceOf(TypeError)
      expect(error.cause).to.equal(refused)
      expect(error.message).not.to.include('one-host')
    })

    it('and refused when the far end speaks another protocol', async () => {
      const silent = new ScriptedServer()
      fetch = make({
        connect: (address, options) => ({
          ...silent.connect(address, options),
          opened: Promise.resolve({ alpn: 'h2' }),
        }),
      })
      const error = await failure(fetch('https://one.example/'))
      expect(error.cause).to.be.instanceOf(HttpError).with.property('code', 'HTTP_PROTOCOL')
      expect(silent.last.isClosed).to.equal(true)
    })
  })

  describe('createFetch', () => {
    it('names the option that is wrong', () => {
      const connect = server.connect
      expect(() => createFetch({} as never)).to.throw(TypeError, 'connect')
      expect(() => createFetch({ connect, startTls: 1 as never })).to.throw(TypeError, 'startTls')
      for (const name of ['maxIdle', 'maxIdlePerOrigin', 'idleTimeout']) {
        for (const value of [-1, Number.NaN])
          expect(() => createFetch({ connect, [name]: value })).to.throw(RangeError, name)
      }
    })
  })

  it('see the same head in every runtime', async () => {
    await get('http://one.example/a?b', {
      headers: { 'x-one': '1', 'referer': 'r', 'range': 'bytes=0-', 'a-b': '2', 'user-agent': 'me', 'cookie': 'c' },
    })
    expect(server.last.received).to.equal(
      'GET /a?b HTTP/1.1\r\nHost: one.example\r\nAccept: */*\r\nAccept-Encoding: identity\r\n' +
        'A-B: 2\r\nCookie: c\r\nRange: bytes=0-\r\nReferer: r\r\nUser-Agent: me\r\nX-One: 1\r\n\r\n',
    )
  })

  it('see the same form in every runtime', async () => {
    const form = new FormData()
    form.append('a"\n', 'b\nc')
    form.append('f', new File(['text'], 'f\r"', { type: 'text/x' }))
    await get(ONE, { method: 'POST', body: form })
    const { fields, body } = server.requests[0] as NonNullable<(typeof server.requests)[0]>
    const boundary =
      /^multipart\/form-data; boundary=(----formdata-[0-9a-f]{32})$/.exec(fields.get('content-type') ?? '')?.[1] ??
      'none'
    expect(body.replaceAll(boundary, 'B')).to.equal(
      '--B\r\nContent-Disposition: form-data; name="a%22%0D%0A"\r\n\r\nb\r\nc\r\n' +
        '--B\r\nContent-Disposition: form-data; name="f"; filename="f%0D%22"\r\nContent-Type: text/x\r\n\r\ntext\r\n--B--\r\n',
    )
  })
})
