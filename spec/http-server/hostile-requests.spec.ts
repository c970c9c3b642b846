import { expect } from 'chai'
import { ask, bodyOf, head, HOST, loaded, settled, statuses, Visitors } from './support/visitors.ts'

/** What is sent, and what it is answered; behind each comes a request that must not be taken for one. */
const REFUSED: readonly (readonly [name: string, sent: string, status: number])[] = [
  ['a length and chunks', ask('POST /', 'Content-Length: 4', 'Transfer-Encoding: chunked'), 400],
  ['chunks and a length', ask('POST /', 'Transfer-Encoding: chunked', 'Content-Length: 4'), 400],
  ['two lengths', ask('POST /', 'Content-Length: 4', 'Content-Length: 5'), 400],
  ['two lengths that are equal', ask('POST /', 'Content-Length: 4', 'Content-Length: 4'), 400],
  ['two lengths in one line', ask('POST /', 'Content-Length: 4, 4'), 400],
  ['a length with a sign', ask('POST /', 'Content-Length: +4'), 400],
  ['a negative length', ask('POST /', 'Content-Length: -4'), 400],
  ['a length in hexadecimal', ask('POST /', 'Content-Length: 0x4'), 400],
  ['a length with an exponent', ask('POST /', 'Content-Length: 1e1'), 400],
  ['a length with a fraction', ask('POST /', 'Content-Length: 4.0'), 400],
  ['an empty length', ask('POST /', 'Content-Length:'), 400],
  ['a length beyond all numbers', ask('POST /', 'Content-Length: 9007199254740993'), 400],
  ['another coding', ask('POST /', 'Transfer-Encoding: gzip'), 400],
  ['another coding under chunked', ask('POST /', 'Transfer-Encoding: gzip, chunked'), 400],
  ['another coding above chunked', ask('POST /', 'Transfer-Encoding: chunked, identity'), 400],
  ['chunked twice', ask('POST /', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400],
  ['what is nearly chunked', ask('POST /', 'Transfer-Encoding: xchunked'), 400],
  ['chunked behind a vertical tab', ask('POST /', 'Transfer-Encoding: \x0bchunked'), 400],
  ['chunked in quotes', ask('POST /', 'Transfer-Encoding: "chunked"'), 400],
  ['an empty coding', ask('POST /', 'Transfer-Encoding:'), 400],
  ['chunks in HTTP/1.0', head('POST / HTTP/1.0', 'Transfer-Encoding: chunked'), 400],
  ['a folded field', head('GET / HTTP/1.1', `Host: ${HOST}`, 'X: a', ' b'), 400],
  ['a folded coding', head('POST / HTTP/1.1', `Host: ${HOST}`, 'Transfer-Encoding:', ' chunked'), 400],
  ['a folded first field', head('GET / HTTP/1.1', ` Host: ${HOST}`), 400],
  ['lines that end without CR', `GET / HTTP/1.1\nHost: ${HOST}\n\n`, 400],
  ['one line that ends without CR', `GET / HTTP/1.1\r\nHost: ${HOST}\nX: a\r\n\r\n`, 400],
  ['a CR within a field', `GET / HTTP/1.1\r\nHost: ${HOST}\rX: a\r\n\r\n`, 400],
  ['a space before a colon', ask('POST /', 'Content-Length : 4'), 400],
  ['a tab before a colon', ask('POST /', 'Transfer-Encoding\t: chunked'), 400],
  ['a field without a name', ask('GET /', ': a'), 400],
  ['a field without a colon', ask('GET /', 'a'), 400],
  ['a name with a space', ask('GET /', 'A b: c'), 400],
  ['a NUL', ask('GET /', 'X: a\0b'), 400],
  ['a control character', ask('GET /', 'X: a\x7fb'), 400],
  ['no host', head('GET / HTTP/1.1'), 400],
  ['two hosts', ask('GET /', 'Host: other.onion'), 400],
  ['an empty host', head('GET / HTTP/1.1', 'Host:'), 400],
  ['a host with a path', head('GET / HTTP/1.1', 'Host: a/b'), 400],
  ['a host with user information', head('GET / HTTP/1.1', 'Host: a@b'), 400],
  ['a host with a query', head('GET / HTTP/1.1', 'Host: a?b'), 400],
  ['a host with an escape', head('GET / HTTP/1.1', 'Host: a%2fb'), 400],
  ['a port that is none', head('GET / HTTP/1.1', 'Host: a:70000'), 400],
  ['another host in the target than a valid one', head('GET http://a@b/ HTTP/1.1', `Host: ${HOST}`), 400],
  ['a target without a path', ask('GET a'), 400],
  ['a target with a fragment', ask('GET /#a'), 400],
  ['an asterisk that is no OPTIONS', ask('GET *'), 400],
  ['a target that is not ASCII', ask('GET /\xe4'), 400],
  ['two spaces', ask('GET  /'), 400],
  ['a tab for a space', head('GET\t/ HTTP/1.1', `Host: ${HOST}`), 400],
  ['no version', head('GET /', `Host: ${HOST}`), 400],
  ['HTTP/2', head('PRI * HTTP/2.0', '', 'SM'), 400],
  ['HTTP/1.10', head('GET / HTTP/1.10', `Host: ${HOST}`), 400],
  ['HTTP in small letters', head('GET / http/1.1', `Host: ${HOST}`), 400],
  ['an empty line first', `\r\n${ask('GET /')}`, 400],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n', 400],
  ['a method that is no token', ask('G@T /'), 400],
  ['CONNECT', head('CONNECT a:80 HTTP/1.1', 'Host: a:80'), 501],
  ['TRACE', ask('TRACE /'), 501],
  ['another expectation', ask('POST /', 'Expect: 200-ok', 'Content-Length: 4'), 417],
  ['a head of 16,385 bytes', ask('GET /', `X: ${'x'.repeat(16_385 - ask('GET /', 'X: ').length)}`), 431],
  ['a line without an end', 'GET /'.padEnd(20_000, 'a'), 431],
  ['201 fields', ask('GET /', ...Array.from({ length: 200 }, () => 'X: a')), 431],
]

/** Bodies that are none, behind the head of one that is chunked. */
const BAD_CHUNKS: readonly (readonly [name: string, body: string])[] = [
  ['a size that is no number', 'x\r\n'],
  ['a size with a sign', '+4\r\nbody\r\n'],
  ['a size in the syntax of a program', '0x4\r\nbody\r\n'],
  ['no size', '\r\nbody\r\n'],
  ['a size of many digits', 'fffffffffffffff\r\n'],
  ['a size with a space before it', ' 4\r\nbody\r\n'],
  ['a size that ends without CR', '4\nbody\r\n'],
  ['a chunk that is longer than its size', '3\r\nbody\r\n'],
  ['a chunk that ends without CR', '4\r\nbody\n0\r\n\r\n'],
  ['an extension with a control character', '4;a=\x01\r\nbody\r\n'],
  ['an extension without an end', `4;${'a'.repeat(5000)}`],
  ['a trailer that is no field', '0\r\nno field\r\n\r\n'],
  ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
  ['trailers without an end', `0\r\n${'X: aaaaaaaa\r\n'.repeat(2000)}`],
]

describe('serveFetch, of hostile visitors', () => {
  before(loaded)

  describe('refuses, and ends the connection at', () => {
    for (const [name, sent, status] of REFUSED) {
      it(`${name} (${status})`, async () => {
        const visitors = new Visitors(() => new Response('never'))
        const visitor = await visitors.ask(sent + ask('GET /smuggled'))
        expect(statuses(visitor)).to.deep.equal([status])
        expect(visitor.requests[0]?.fields.get('connection')).to.equal('close')
        expect(visitor.isClosed).to.equal(true)
        expect(visitors.requests).to.deep.equal([])
        expect(visitors.errors).to.deep.equal([])
        expect(visitors.clock.timers).to.equal(0)
      })
    }

    it('the same, however it is cut', async () => {
      for (const [name, sent, status] of REFUSED.filter(([, each]) => each.length < 200)) {
        const visitors = new Visitors(() => new Response('never'))
        const visitor = await visitors.ask(...(sent + ask('GET /smuggled')))
        expect(statuses(visitor), name).to.deep.equal([status])
        expect(visitors.requests).to.deep.equal([])
      }
    })

    it('a head as long as it may be not', async () => {
      const visitors = new Visitors(() => new Response('ok'))
      const visitor = await visitors.ask(ask('GET /', `X: ${'x'.repeat(16_384 - ask('GET /', 'X: ').length)}`))
      expect(statuses(visitor)).to.deep.equal([200])
    })

    it('never repeats what was sent', async () => {
      for (const [name, sent] of REFUSED) {
        const { received } = await new Visitors(() => new Response('never')).ask(sent)
        expect(received, name).to.match(
          /^HTTP\/1\.1 (\d{3}) ([A-Za-z ]+)\r\ncontent-type: text\/plain;charset=utf-8\r\ncontent-length: \d+\r\nconnection: close\r\n\r\n\2\n$/,
        )
      }
    })
  })

  describe('lets no body pass for another that has', () => {
    for (const [name, body] of BAD_CHUNKS) {
      it(name, async () => {
        const read: string[] = []
        const visitors = new Visitors(async (request) => {
          read.push(await request.text().catch((error: unknown) => `failed: ${(error as Error).name}`))
          await request.text()
          return new Response('never')
        })
        const sent = ask('POST /', 'Transfer-Encoding: chunked') + body + ask('GET /smuggled')
        const visitor = visitors.visit(sent)
        await visitors.handled()
        expect(read).to.have.lengthOf(1)
        expect(read[0]).to.match(/^failed: /)
        expect(statuses(visitor)).to.deep.equal([400])
        expect(visitor.isClosed).to.equal(true)
        expect(visitors.requests).to.have.lengthOf(1)
        expect(visitors.errors).to.deep.equal([])
      })
    }

    it('a fault that the handler does not mind: its answer is the last', async () => {
      const visitors = new Visitors(async (request) => {
        await bodyOf(request).catch(() => undefined)
        return new Response('well')
      })
      const visitor = await visitors.ask(`${ask('POST /', 'Transfer-Encoding: chunked')}zz\r\n${ask('GET /smuggled')}`)
      await visitors.handled()
      expect(statuses(visitor)).to.deep.equal([200])
      expect(visitor.isClosed).to.equal(true)
      expect(visitors.requests).to.have.lengthOf(1)
    })

    it('what nobody reads: nothing behind it is a request', async () => {
      const visitors = new Visitors(() => new Response('well'))
      const visitor = await visitors.ask(`${ask('POST /', 'Transfer-Encoding: chunked')}zz\r\n${ask('GET /smuggled')}`)
      expect(statuses(visitor)).to.deep.equal([200])
      expect(visitor.isClosed).to.equal(true)
    })

    it('a body that a GET has: it is not read, and what is behind it is the next request', async () => {
      const visitors = new Visitors((request) => new Response(String(request.body)))
      const visitor = await visitors.ask(
        ask('GET /', 'Content-Length: 25') + ask('GET /smuggled').slice(0, 25) + ask('GET /next', 'Connection: close'),
      )
      expect(statuses(visitor)).to.deep.equal([200, 200])
      expect(visitors.requests.map(({ url }) => new URL(url).pathname)).to.deep.equal(['/', '/next'])
      expect(visitor.requests[0]?.body).to.equal('null')
    })
  })

  describe('takes no URL from elsewhere:', () => {
    for (const [target, url] of [
      ['//evil.test/a', `http://${HOST}//evil.test/a`],
      ['/\\evil.test', `http://${HOST}//evil.test`],
      ['/a/../../b', `http://${HOST}/b`],
      ['/%2e%2e/a', `http://${HOST}/a`],
      ['http://other.onion:81/a?b', 'http://other.onion:81/a?b'],
      ['HTTP://other.onion', 'http://other.onion/'],
    ] as const) {
      it(target, async () => {
        const visitors = new Visitors((request) => new Response(request.url))
        const visitor = await visitors.ask(ask(`GET ${target}`))
        expect(visitor.requests[0]?.body).to.equal(url)
      })
    }
  })

  describe('waits for nobody for ever:', () => {
    it('a head that comes a byte at a time is answered by 408 after a minute', async () => {
      const visitors = new Visitors(() => new Response('never'))
      const visitor = visitors.visit('G')
      for (let second = 0; second < 59; second++) {
        await settled()
        visitors.clock.advance(1000)
        visitor.send('a')
      }
      await settled()
      expect([visitor.received, visitor.isClosed]).to.deep.equal(['', false])
      visitors.clock.advance(1000)
      await settled()
      expect(statuses(visitor)).to.deep.equal([408])
      expect(visitor.isClosed).to.equal(true)
      expect(visitors.clock.timers).to.equal(0)
    })

    it('a connection without a request ends after two minutes', async () => {
      const visitors = new Visitors(() => new Response('ok'))
      const silent = visitors.visit()
      const kept = visitors.visit(ask('GET /'))
      await settled()
      visitors.clock.advance(119_999)
      await settled()
      expect([silent.isClosed, kept.isClosed]).to.deep.equal([false, false])
      visitors.clock.advance(1)
      await settled()
      expect([silent.isClosed, kept.isClosed]).to.deep.equal([true, true])
      expect(silent.received).to.equal('')
      expect(visitors.clock.timers).to.equal(0)
    })

    it('a body that stops coming ends the request', async () => {
      const visitors = new Visitors(async (request) => new Response(await bodyOf(request)))
      const visitor = await visitors.ask(`${ask('POST /', 'Content-Length: 100')}abc`)
      visitors.clock.advance(120_000)
      await settled()
      expect(visitor.isClosed).to.equal(true)
      expect(visitors.requests[0]?.signal.aborted).to.equal(true)
      expect(visitors.errors).to.deep.equal([])
    })

    it('an answer that is not taken is given up', async () => {
      let cancelled = 0
      const visitors = new Visitors(() => {
        const source = {
          pull: (c: ReadableStreamDefaultController) => c.enqueue(new Uint8Array(1000)),
          cancel: () => void cancelled++,
        }
        return new Response(new ReadableStream(source))
      })
      const visitor = visitors.visit(ask('GET /'))
      visitor.isStalled = true
      await settled()
      visitors.clock.advance(120_000)
      await settled()
      expect([visitor.isClosed, cancelled]).to.deep.equal([true, 1])
      expect(visitors.clock.timers).to.equal(0)
    })

    it('a handler that takes long is not hurried', async () => {
      let answer!: (response: Response) => void
      const visitors = new Visitors(() => new Promise<Response>((resolve) => (answer = resolve)))
      const visitor = await visitors.ask(ask('GET /'))
      visitors.clock.advance(3_600_000)
      await settled()
      answer(new Response('at last'))
      await settled()
      expect(visitor.requests[0]?.body).to.equal('at last')
    })
  })

  it('has so many connections and no more: who waits longest for a request goes first, and the busy stay', async () => {
    const answers: ((response: Response) => void)[] = []
    const visitors = new Visitors(() => new Promise<Response>((resolve) => answers.push(resolve)), {
      maxConnections: 2,
    })
    const busy = await visitors.ask(ask('GET /'))
    const silent = await visitors.ask()
    const other = await visitors.ask(ask('GET /'))
    expect([busy.isClosed, silent.isClosed, other.isClosed]).to.deep.equal([false, true, false])
    const late = await visitors.ask(ask('GET /'))
    const later = await visitors.ask(ask('GET /'))
    expect(answers).to.have.lengthOf(2)
    answers[0]?.(new Response('done'))
    await settled()
    expect([busy.isClosed, late.isClosed, later.isClosed]).to.deep.equal([true, false, false])
    expect(answers).to.have.lengthOf(3)
  })
})
