import { expect } from 'chai'
import { serveFetch } from '../../lib/http-server/serve-fetch.ts'
import { textOf } from '../fetch/support/outcome.ts'
import { ask, bodyOf, head, HOST, loaded, settled, statuses, Visitors } from './support/visitors.ts'

/** A stream that a spec feeds. */
function fed(): {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  readonly reasons: unknown[]
  readonly pulls: () => number
} {
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  let pulls = 0
  const reasons: unknown[] = []
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (given) => void (controller = given),
      pull: () => void pulls++,
      cancel: (reason) => void reasons.push(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, controller, reasons, pulls: () => pulls }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text))

describe('serveFetch', () => {
  before(loaded)

  describe('gives the handler', () => {
    /** What the handler sees of a request. */
    async function seen<T>(look: (request: Request) => T, ...sent: readonly string[]): Promise<Awaited<T>> {
      let found: T | undefined
      const visitors = new Visitors(async (request) => {
        found = look(request)
        await found
        return new Response('ok')
      })
      const visitor = visitors.visit(...sent)
      await visitors.handled()
      expect(statuses(visitor)).to.deep.equal([200])
      return await (found as T)
    }

    it('a Request of the runtime', async () => {
      const request = await seen((each) => each, ask('PUT /a/b?c=%20', 'Content-Length: 0'))
      expect(request).to.be.instanceOf(Request)
      expect([request.method, request.url, request.body]).to.deep.equal(['PUT', `http://${HOST}/a/b?c=%20`, null])
    })

    it('every field, those too that no page may send', async () => {
      const fields = ['Cookie: a=1', 'Origin: http://b', 'Referer: http://c/', 'X-Two: 1', 'X-Two: 2', 'Accept: \xe4']
      const headers = await seen(({ headers }) => Object.fromEntries(headers), ask('GET /', ...fields))
      expect(headers).to.deep.equal({
        'host': HOST,
        'cookie': 'a=1',
        'origin': 'http://b',
        'referer': 'http://c/',
        'x-two': '1, 2',
        'accept': '\xe4',
      })
    })

    it('the host that was asked for, with its port', async () => {
      const sent = head('GET / HTTP/1.1', `Host: www.${HOST}:8080`)
      expect(await seen(({ url }) => url, sent)).to.equal(`http://www.${HOST}:8080/`)
    })

    it('the name of the service where HTTP/1.0 names none', async () => {
      expect(await seen(({ url }) => url, head('GET /a HTTP/1.0'))).to.equal(`http://${HOST}/a`)
    })

    it('a body by its length', async () => {
      expect(await seen((each) => each.text(), `${ask('POST /', 'Content-Length: 5')}hello and more`)).to.equal('hello')
    })

    it('a body in chunks', async () => {
      const body = '3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n'
      const sent = ask('POST /', 'Transfer-Encoding: Chunked') + body
      expect(await seen((each) => each.text(), sent)).to.equal('abc0123456789')
      expect(await seen((each) => each.text(), ...sent)).to.equal('abc0123456789')
    })

    it('a body as JSON, as a form, as bytes, as a stream', async () => {
      const post = (type: string, body: string): string =>
        ask('POST /', `Content-Type: ${type}`, `Content-Length: ${body.length}`) + body
      expect(await seen((each) => each.json(), post('application/json', '{"a":[1]}'))).to.deep.equal({ a: [1] })
      const form = await seen((each) => each.formData(), post('application/x-www-form-urlencoded', 'a=1&b=%20'))
      expect([...form]).to.deep.equal([
        ['a', '1'],
        ['b', ' '],
      ])
      expect([...new Uint8Array(await seen((each) => each.arrayBuffer(), post('a/b', '\0\xff')))]).to.deep.equal([
        0, 255,
      ])
      const text = await seen((each) => textOf(each.body as ReadableStream<Uint8Array>), post('a/b', 'stream'))
      expect(text).to.equal('stream')
    })

    it('a Request whose clone has the same fields and body', async () => {
      const look = async (request: Request): Promise<readonly unknown[]> => {
        const clone = request.clone()
        const texts = await Promise.all([request.text(), clone.text()])
        return [...texts, clone.headers.get('cookie'), clone.url, request.bodyUsed, clone.bodyUsed]
      }
      const sent = `${ask('POST /', 'Cookie: a', 'Content-Length: 5')}hello`
      expect(await seen(look, sent)).to.deep.equal(['hello', 'hello', 'a', `http://${HOST}/`, true, true])
    })
  })

  describe('answers', () => {
    const answered = async (response: () => Response, request = ask('GET /')): Promise<string> =>
      (await new Visitors(response).ask(request)).received

    it('in chunks where the length is not known', async () => {
      expect(await answered(() => new Response(bytes('hello')))).to.equal(
        'HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      )
    })

    it('with the length that the handler gives', async () => {
      const response = (): Response => new Response(bytes('hello'), { headers: { 'content-length': '5' } })
      expect(await answered(response)).to.equal('HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\nhello')
    })

    it('up to the end of the connection in HTTP/1.0', async () => {
      expect(await answered(() => new Response(bytes('hello')), head('GET / HTTP/1.0'))).to.equal(
        'HTTP/1.1 200 \r\nconnection: close\r\n\r\nhello',
      )
    })

    it('with status, reason and fields, and none of the connection', async () => {
      const headers = new Headers({
        'x-a': '1',
        'transfer-encoding': 'gzip',
        'keep-alive': 'timeout=5',
        'upgrade': 'x',
      })
      headers.append('set-cookie', 'a=1')
      headers.append('set-cookie', 'b=2')
      const make = (): Response => new Response(null, { status: 404, statusText: 'Not Here', headers })
      // A browser's own Response has no Set-Cookie.
      const cookies = make().headers.has('set-cookie') ? 'set-cookie: a=1\r\nset-cookie: b=2\r\n' : ''
      expect(await answered(make)).to.equal(`HTTP/1.1 404 Not Here\r\nx-a: 1\r\n${cookies}content-length: 0\r\n\r\n`)
    })

    it('without a Date, which would tell of the clock, and without a Server', async () => {
      expect(await answered(() => new Response('a'))).to.not.match(/^(date|server):/im)
    })

    for (const [name, request, status, expected] of [
      ['HEAD', ask('HEAD /'), 200, 'HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\n'],
      ['204', ask('GET /'), 204, 'HTTP/1.1 204 \r\n\r\n'],
      ['205', ask('GET /'), 205, 'HTTP/1.1 205 \r\ncontent-length: 0\r\n\r\n'],
      ['304', ask('GET /'), 304, 'HTTP/1.1 304 \r\ncontent-length: 9\r\n\r\n'],
    ] as const) {
      it(`${name} without a body, and goes on`, async () => {
        const { stream, reasons } = fed()
        const body = status === 200 ? stream : null
        const headers = { 'content-length': '9' }
        const visitors = new Visitors(() => new Response(body, { status, headers }))
        const visitor = await visitors.ask(request)
        expect(visitor.received).to.equal(expected)
        if (body !== null) expect(reasons).to.have.lengthOf(1)
        expect(visitor.isClosed).to.equal(false)
      })
    }

    it('500 for what the handler throws, without its text, and goes on', async () => {
      const visitors = new Visitors((request) => {
        if (request.url.endsWith('/a')) throw new Error('secret')
        if (request.url.endsWith('/b')) return Promise.reject<Response>(new Error('secret'))
        return 'secret' as unknown as Response
      })
      const visitor = await visitors.ask(ask('GET /a') + ask('GET /b') + ask('GET /c'))
      expect(statuses(visitor)).to.deep.equal([500, 500, 500])
      expect(visitor.received).to.not.include('secret')
      expect(visitors.errors.map(String)).to.deep.equal([
        'Error: secret',
        'Error: secret',
        'TypeError: Cannot answer with what is no Response',
      ])
    })

    it('500 for a Response that cannot be sent', async () => {
      const used = new Response('a')
      await used.text()
      const odd = [
        () => Response.error(),
        () => used,
        () => new Response('abc', { headers: { 'content-length': 'many' } }),
      ]
      for (const make of odd) {
        const visitors = new Visitors(make)
        expect(statuses(await visitors.ask(ask('GET /')))).to.deep.equal([500])
        expect(visitors.errors).to.have.lengthOf(1)
      }
    })

    it('so that the visitor can tell an end from a failure, where the end of the connection ends the answer', async () => {
      for (const failure of [undefined, new Error('secret'), null]) {
        const { stream, controller } = fed()
        const visitors = new Visitors(() => new Response(stream))
        const visitor = await visitors.ask(head('GET / HTTP/1.0'))
        controller.enqueue(bytes('hello'))
        await settled()
        if (failure === undefined) controller.close()
        else controller.error(failure)
        await settled()
        expect([visitor.isClosed, visitor.reason !== undefined]).to.deep.equal([true, failure !== undefined])
      }
    })

    it('never as if it were whole what fails on the way, or has another length than said', async () => {
      for (const [length, wrong] of [
        [undefined, 'fails'],
        ['9', 'is short'],
        ['4', 'is long'],
      ] as const) {
        const { stream, controller } = fed()
        const visitors = new Visitors(
          () => new Response(stream, { headers: length ? { 'content-length': length } : {} }),
        )
        const visitor = await visitors.ask(ask('GET /'))
        controller.enqueue(bytes('hello'))
        await settled()
        if (wrong === 'fails') controller.error(new Error('secret'))
        else if (wrong === 'is short') controller.close()
        await settled()
        expect(visitor.requests, wrong).to.deep.equal([])
        expect(visitor.received).to.match(/^HTTP\/1\.1 200 /)
        expect(visitor.received).to.not.include('secret')
        expect([visitor.isClosed, visitors.errors.length]).to.deep.equal([true, 1])
      }
    })
  })

  describe('keeps a connection', () => {
    it('for requests one after the other, those too that came ahead', async () => {
      const visitors = new Visitors(async (request) => new Response(`${request.url} ${await bodyOf(request)}`))
      const visitor = await visitors.ask(
        `${ask('GET /a')}${ask('POST /b', 'Content-Length: 2')}hi${ask('PUT /c', 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`,
      )
      visitor.send(ask('GET /d'))
      await settled()
      expect(visitor.requests.map(({ body }) => body)).to.deep.equal([
        `http://${HOST}/a `,
        `http://${HOST}/b hi`,
        `http://${HOST}/c x`,
        `http://${HOST}/d `,
      ])
      expect(visitor.isClosed).to.equal(false)
    })

    for (const [name, sent, response] of [
      ['the visitor asks to close', ask('GET /', 'Connection: x, Close'), {}],
      ['the handler asks to close', ask('GET /'), { connection: 'close' }],
      ['it is HTTP/1.0', head('GET / HTTP/1.0', 'Connection: keep-alive'), {}],
    ] as const) {
      it(`no longer when ${name}`, async () => {
        const visitors = new Visitors(() => new Response(null, { headers: response }))
        const visitor = await visitors.ask(sent + ask('GET /late'))
        expect(visitor.received).to.equal('HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
        expect(visitor.isClosed).to.equal(true)
        expect(visitors.requests).to.have.lengthOf(1)
      })
    }

    it('whose request was not read only if all of it has come', async () => {
      const visitors = new Visitors(() => new Response(null))
      const whole = await visitors.ask(`${ask('POST /', 'Content-Length: 5')}hello${ask('GET /')}`)
      expect(statuses(whole)).to.deep.equal([200, 200])
      const part = await visitors.ask(`${ask('POST /', 'Content-Length: 9')}hello`)
      expect([statuses(part), part.isClosed]).to.deep.equal([[200], true])
    })
  })

  describe('with backpressure', () => {
    it('reads of a request what the handler reads', async () => {
      let body!: ReadableStreamDefaultReader<Uint8Array>
      let answer!: (response: Response) => void
      const visitors = new Visitors((request) => {
        body = (request.body as ReadableStream<Uint8Array>).getReader()
        return new Promise<Response>((resolve) => (answer = resolve))
      })
      const visitor = await visitors.ask(ask('POST /', 'Content-Length: 30'), 'a'.repeat(10), 'b'.repeat(10))
      expect(visitor.pulls).to.equal(1)
      expect((await body.read()).value).to.have.lengthOf(10)
      await settled()
      expect(visitor.pulls).to.equal(2)
      answer(new Response(null))
    })

    it('takes of a response what the visitor takes', async () => {
      const { stream, controller, pulls } = fed()
      const visitors = new Visitors(() => new Response(stream))
      const visitor = await visitors.ask(ask('GET /'))
      expect(pulls()).to.equal(1)
      visitor.isStalled = true
      controller.enqueue(bytes('a'))
      await settled()
      expect(pulls()).to.equal(1)
      visitor.resume()
      await settled()
      expect(pulls()).to.equal(2)
    })

    it('both ways at once: an answer may be the request', async () => {
      const visitors = new Visitors((request) => new Response(request.body))
      const visitor = await visitors.ask(ask('POST /', 'Transfer-Encoding: chunked'), '3\r\nabc\r\n')
      expect(visitor.received).to.match(/\r\n\r\n3\r\nabc\r\n$/)
      visitor.send('2\r\nde\r\n0\r\n\r\n')
      await settled()
      expect(visitor.requests[0]?.body).to.equal('abcde')
      visitor.send(`${ask('POST /', 'Content-Length: 1')}f`)
      await settled()
      expect(visitor.requests[1]?.body).to.equal('f')
    })
  })

  describe('Expect: 100-continue', () => {
    const expecting = ask('POST /', 'Expect: 100-Continue', 'Content-Length: 5')
    const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

    it('is answered when the handler reads', async () => {
      const visitors = new Visitors(async (request) => new Response(bytes(await bodyOf(request))))
      const visitor = await visitors.ask(expecting)
      expect(visitor.received).to.equal(CONTINUE)
      visitor.send('hello')
      await settled()
      expect(visitor.received).to.match(
        /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 \r\n[^]*5\r\nhello\r\n0\r\n\r\n$/,
      )
      visitor.send(ask('GET /'))
      await settled()
      expect(visitors.requests).to.have.lengthOf(2)
    })

    it('is not answered when the handler does not: the answer is the last', async () => {
      const visitors = new Visitors(() => new Response(null, { status: 403 }))
      const visitor = await visitors.ask(expecting)
      expect(visitor.received).to.equal('HTTP/1.1 403 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      expect(visitor.isClosed).to.equal(true)
    })

    it('means nothing in HTTP/1.0', async () => {
      const visitors = new Visitors(async (request) => new Response(bytes(await bodyOf(request))))
      const visitor = await visitors.ask(`${head('POST / HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 5')}hello`)
      expect(visitor.received).to.match(/^HTTP\/1\.1 200 [^]*hello$/)
    })
  })

  describe('when the visitor has gone', () => {
    it('aborts the signal of the request, and breaks off its body', async () => {
      let failure: unknown
      const visitors = new Visitors(async (request) => {
        failure = await bodyOf(request).catch((error: unknown) => error)
        throw failure
      })
      const visitor = await visitors.ask(`${ask('POST /', 'Content-Length: 9')}hello`)
      expect(visitors.requests[0]?.signal.aborted).to.equal(false)
      visitor.end()
      await settled()
      expect(visitors.requests[0]?.signal.aborted).to.equal(true)
      expect(failure).to.be.instanceOf(Error)
      expect(visitors.errors).to.deep.equal([]) // it is no fault of the handler's
    })

    it('cancels the stream of the response', async () => {
      const { stream, reasons } = fed()
      const visitors = new Visitors(() => new Response(stream))
      const visitor = await visitors.ask(ask('GET /'))
      visitor.fail(new Error('broken'))
      await settled()
      expect(reasons).to.have.lengthOf(1)
      expect(visitors.requests[0]?.signal.aborted).to.equal(true)
      expect(visitors.errors).to.deep.equal([])
    })

    it('cancels the stream of a response that comes all the same', async () => {
      const { stream, reasons } = fed()
      let answer!: (response: Response) => void
      const visitors = new Visitors(() => new Promise<Response>((resolve) => (answer = resolve)))
      const visitor = await visitors.ask(ask('GET /'))
      visitor.end()
      await settled()
      answer(new Response(stream))
      await settled()
      expect(reasons).to.have.lengthOf(1)
      expect(visitor.received).to.equal('')
    })

    it('and does not before: the signal of a request that was answered stays as it is', async () => {
      const visitors = new Visitors(() => new Response(null))
      const visitor = await visitors.ask(ask('GET /'))
      visitor.end()
      await settled()
      expect(visitors.requests[0]?.signal.aborted).to.equal(false)
    })
  })

  describe('ends', () => {
    it('with the service', async () => {
      const visitors = new Visitors(() => new Response(null))
      const visitor = await visitors.ask(ask('GET /'))
      visitors.end()
      visitor.end()
      await visitors.server.closed
      expect(visitors.clock.timers).to.equal(0)
    })

    it('by close(): what waits ends, what is being answered is answered, and nobody is taken any more', async () => {
      let answer!: (response: Response) => void
      const visitors = new Visitors(() => new Promise<Response>((resolve) => (answer = resolve)))
      const waiting = await visitors.ask()
      const asking = await visitors.ask(ask('GET /'))
      const closed = visitors.server.close()
      const late = await visitors.ask(ask('GET /'))
      expect([waiting.isClosed, asking.isClosed, late.pulls]).to.deep.equal([true, false, 0])
      answer(new Response(null))
      await closed
      expect(asking.received).to.equal('HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      expect([asking.isClosed, visitors.isCancelled, visitors.clock.timers]).to.deep.equal([true, false, 0])
    })

    it('by its signal: everything at once', async () => {
      const ending = new AbortController()
      const { stream, reasons } = fed()
      const visitors = new Visitors(() => new Response(stream), { signal: ending.signal })
      const visitor = await visitors.ask(ask('GET /'))
      ending.abort(new Error('enough'))
      await visitors.server.closed
      expect(reasons.map(String)).to.deep.equal(['Error: enough'])
      expect([visitor.isClosed, visitors.requests[0]?.signal.aborted]).to.deep.equal([true, true])
    })

    it('at once with a signal that has aborted', async () => {
      const visitors = new Visitors(() => new Response(null), { signal: AbortSignal.abort() })
      await visitors.server.closed
      expect((await visitors.ask(ask('GET /'))).pulls).to.equal(0)
    })
  })

  it('names an option that is wrong, and wants a handler', () => {
    for (const [options, message] of [
      [{ maxHed: 1 }, /maxHed.*did you mean maxHead/],
      [{ maxHead: 1.5 }, /maxHead.*1\.5/],
      [{ headTimeout: -1 }, /headTimeout/],
      [{ idleTimeout: NaN }, /idleTimeout/],
      [{ maxConnections: 0 }, /maxConnections/],
      [{ onError: 1 }, /onError/],
      [{ signal: {} }, /signal/],
    ] as const) {
      expect(() => new Visitors(() => new Response(), options as object)).to.throw(message)
    }
    expect(() => serveFetch({ incoming: new ReadableStream() }, {} as never)).to.throw(TypeError, /handler/)
  })
})
