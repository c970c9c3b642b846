import { expect } from 'chai'
import { createFetch, type Fetch } from '../../lib/fetch/create-fetch.ts'
import { UPLOAD_GRACE } from '../../lib/fetch/exchange.ts'
import { HttpError } from '../../lib/http/message/http-error.ts'
import { unlessEngineLacks } from '../support/engines.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { ok, raw, streamOf } from './support/fetch-case.ts'
import { textOf } from './support/outcome.ts'
import { ScriptedServer } from './support/scripted-server.ts'

const URL_HERE = 'http://one.example/'
const CHUNKED = 'Transfer-Encoding: chunked'

/** What a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not reject')
}

describe('fetch streams', () => {
  let server: ScriptedServer
  let clock: FakeClock
  let fetch: Fetch

  beforeEach(() => {
    server = new ScriptedServer()
    clock = new FakeClock()
    fetch = createFetch({ connect: server.connect, clock })
  })

  afterEach(() => fetch.close())

  /** A fetch whose response's head has arrived. */
  async function begun(first: string, init?: Parameters<Fetch>[1]): Promise<Response> {
    const fetching = fetch(URL_HERE, init)
    await turn(2)
    server.last.send(first)
    return fetching
  }

  describe('a response', () => {
    it('is there before its body', async () => {
      const response = await begun(raw(['Content-Length: 4']))
      expect(response.status).to.equal(200)
      server.last.send('body')
      expect(await response.text()).to.equal('body')
    })

    it('is a Response of the runtime', async () => {
      const response = await begun(ok('x'))
      expect(response).to.be.instanceOf(Response)
      expect(response.constructor).to.equal(Response)
      const copy = response.clone()
      expect([copy.url, copy.redirected, copy.type]).to.deep.equal([URL_HERE, false, 'basic'])
      expect(await Promise.all([response.text(), copy.text()])).to.deep.equal(['x', 'x'])
    })

    it('reads nothing from its connection while nobody reads its body', async () => {
      const response = await begun(raw([CHUNKED]))
      const { pulls } = server.last
      expect(pulls).to.equal(1)
      server.last.send('1\r\na\r\n', '1\r\nb\r\n', '1\r\nc\r\n', '0\r\n\r\n')
      await turn(5)
      expect(server.last.pulls).to.equal(pulls)
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      await turn(5)
      expect(server.last.pulls).to.equal(pulls + 1)
      await reader.read()
      expect(server.last.pulls).to.equal(pulls + 2)
      await reader.cancel()
    })

    it('gives each chunk when it comes', async () => {
      const response = await begun(raw([CHUNKED]))
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      for (const text of ['one', 'two', 'three']) {
        server.last.send(`${text.length}\r\n${text}\r\n`)
        expect(new TextDecoder().decode((await reader.read()).value)).to.equal(text)
      }
      server.last.send('0\r\n\r\n')
      expect((await reader.read()).done).to.equal(true)
    })

    it('gives what is well-formed before it tells what is not', async () => {
      const response = await begun(raw([CHUNKED], '3\r\nabc\r\nzz\r\n'))
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      expect(new TextDecoder().decode((await reader.read()).value)).to.equal('abc')
      expect(await failure(reader.read()))
        .to.be.instanceOf(TypeError)
        .with.property('cause')
        .that.is.instanceOf(HttpError)
    })

    it('hands out memory of its own', async () => {
      const response = await begun(raw(['Content-Length: 2']))
      const bytes = Uint8Array.of(104, 105)
      server.last.send(bytes)
      const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read()
      expect(value?.buffer.byteLength).to.equal(2)
      expect([...bytes]).to.deep.equal([104, 105])
    })

    it('closes its connection when its body is cancelled', async () => {
      const response = await begun(raw(['Content-Length: 4'], 'a'))
      await response.body?.cancel('enough')
      expect(server.last.isClosed).to.equal(true)
    })

    it('tells the cause when the connection breaks within the body', async () => {
      const response = await begun(raw([], 'a'))
      const broken = new Error('broken')
      const reading = failure(textOf(response.body as ReadableStream<Uint8Array>))
      await turn()
      server.last.fail(broken)
      const error = (await reading) as TypeError
      expect(error).to.be.instanceOf(TypeError)
      expect(error.cause).to.be.instanceOf(HttpError).with.property('code', 'HTTP_TRUNCATED')
      expect((error.cause as HttpError).cause).to.equal(broken)
    })

    it('decodes a bomb only as far as it is read', async () => {
      const zeros = new Blob([new Uint8Array(1 << 24)]).stream().pipeThrough(new CompressionStream('gzip'))
      const bomb = new Uint8Array(await new Response(zeros).arrayBuffer())
      const response = await begun(raw(['Content-Encoding: gzip', `Content-Length: ${bomb.length * 1000}`]))
      for (let count = 0; count < 20; count++) server.last.send(bomb)
      const { pulls } = server.last
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      await turn(20)
      expect(server.last.pulls - pulls).to.be.at.most(4)
      await reader.cancel()
      expect(server.last.isClosed).to.equal(true)
    })
  })

  describe('a request body', () => {
    it('is read only as fast as the connection takes it', async () => {
      let pulls = 0
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
        { pull: (controller) => (pulls++ < 100 ? controller.enqueue(new Uint8Array(2)) : controller.close()) },
        { highWaterMark: 0 },
      )
      const controller = new AbortController()
      server.onConnection = (connection) => void (connection.isStalled = true)
      const fetching = fetch(URL_HERE, { method: 'POST', body, duplex: 'half', signal: controller.signal })
      await turn(10)
      const stalledAt = pulls
      expect(stalledAt).to.be.at.most(2)
      await turn(10)
      expect(pulls).to.equal(stalledAt)
      controller.abort()
      await failure(fetching)
    })

    it('is locked by the call', () => {
      const body = streamOf('x')
      void failure(fetch(URL_HERE, { method: 'POST', body, duplex: 'half' }))
      expect(body.locked).to.equal(true)
    })

    it('is copied by the call', async () => {
      const body = Uint8Array.of(97)
      const fetching = fetch(URL_HERE, { method: 'POST', body })
      body[0] = 98
      await turn(5)
      expect(server.requests[0]?.body).to.equal('a')
      server.last.send(ok())
      await fetching
    })

    it('is cut into writes of bounded size', async () => {
      const sizes: number[] = []
      const { connect } = server
      fetch = createFetch({
        clock,
        connect: (address, options) => {
          const socket = connect(address, options)
          const writer = (socket.writable as WritableStream<Uint8Array>).getWriter()
          const writable = new WritableStream<Uint8Array>({
            write: (bytes) => {
              sizes.push(bytes.length)
              return writer.write(bytes.subarray(0, 0))
            },
          })
          return { ...socket, writable }
        },
      })
      const fetching = fetch(URL_HERE, { method: 'POST', body: new Uint8Array(200_000) })
      await turn(20)
      server.last.send(ok())
      await fetching
      expect(Math.max(...sizes)).to.be.at.most(65_536)
    })

    it('fails the fetch when it fails, with its error as the cause', async () => {
      const mine = new Error('mine')
      let pulls = 0
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => (pulls++ === 0 ? controller.enqueue(new Uint8Array(3)) : controller.error(mine)),
      })
      const error = (await failure(fetch(URL_HERE, { method: 'POST', body, duplex: 'half' }))) as TypeError
      expect(error).to.be.instanceOf(TypeError)
      expect(error.cause).to.equal(mine)
      expect(server.last.isClosed).to.equal(true)
      expect(server.last.received).not.to.include('0\r\n\r\n')
    })

    it('goes on while the response comes', async () => {
      let give!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => void (give = controller) })
      const response = await begun(raw([CHUNKED], '1\r\na\r\n'), { method: 'POST', body, duplex: 'half' })
      give.enqueue(new Uint8Array([122]))
      give.close()
      await turn(5)
      expect(server.requests[0]?.body).to.equal('z')
      server.last.send('0\r\n\r\n')
      expect(await response.text()).to.equal('a')
      expect(server.last.isClosed).to.equal(false)
    })

    it('is given up when the response is complete before it', async () => {
      let cancelled: unknown
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => void (cancelled = true) })
      const response = await begun(ok('too much'), { method: 'POST', body, duplex: 'half' })
      expect(await response.text()).to.equal('too much')
      expect(cancelled).to.equal(true)
      expect(server.last.isClosed).to.equal(true)
    })

    it('does not hide a response that comes although the connection takes no more', async () => {
      server.onConnection = (connection) => connection.failWrites(new Error('no more'))
      const fetching = fetch(URL_HERE, { method: 'POST', body: streamOf('a', 'b', 'c'), duplex: 'half' })
      await turn(5)
      server.last.send('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      expect((await fetching).status).to.equal(413)
      expect(server.last.isClosed).to.equal(true)
      expect(clock.timers).to.equal(0)
    })

    it('fails when the connection takes no more and no response comes', async () => {
      const noMore = new Error('no more')
      server.onConnection = (connection) => connection.failWrites(noMore)
      const fetching = failure(fetch(URL_HERE, { method: 'POST', body: streamOf('a', 'b', 'c'), duplex: 'half' }))
      await turn(5)
      clock.advance(UPLOAD_GRACE)
      expect(((await fetching) as TypeError).cause).to.equal(noMore)
      expect(server.last.isClosed).to.equal(true)
    })

    unlessEngineLacks('Request.body').it(
      'of a Request is sent with a length when it is short, and in chunks when it is not',
      async () => {
        for (const [size, length] of [
          [65_536, '65536'],
          [65_537, undefined],
        ] as const) {
          server = new ScriptedServer((_, connection) => connection.send(ok()))
          fetch = createFetch({ connect: server.connect, clock })
          await (await fetch(new Request(URL_HERE, { method: 'POST', body: new Uint8Array(size) }))).text()
          expect(server.requests[0]?.fields.get('content-length')).to.equal(length)
          expect(server.requests[0]?.body).to.have.lengthOf(size)
          fetch.close()
        }
      },
    )
  })

  describe('an abort', () => {
    const reason = new Error('no longer')

    it('before the call makes no connection', async () => {
      const signal = AbortSignal.abort(reason)
      expect(await failure(fetch(URL_HERE, { signal }))).to.equal(reason)
      expect(server.connections).to.have.lengthOf(0)
    })

    it('before the call cancels the body', async () => {
      let cancelled: unknown
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: (why) => void (cancelled = why) })
      await failure(fetch(URL_HERE, { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort(reason) }))
      expect(cancelled).to.equal(reason)
    })

    it('without a reason is an AbortError', async () => {
      const controller = new AbortController()
      const fetching = failure(fetch(URL_HERE, { signal: controller.signal }))
      await turn()
      controller.abort()
      expect(await fetching).to.have.property('name', 'AbortError')
    })

    const phases: Readonly<Record<string, (controller: AbortController) => Promise<unknown>>> = {
      'while the connection is made': (controller) => fetch(URL_HERE, { signal: controller.signal }),
      'while the head is awaited': async (controller) => {
        const fetching = fetch(URL_HERE, { signal: controller.signal })
        await turn(3)
        server.last.send('HTTP/1.1 200')
        return fetching
      },
      'while the request waits to be sent': (controller) => {
        server.onConnection = (connection) => void (connection.isStalled = true)
        return fetch(URL_HERE, { method: 'POST', body: 'x', signal: controller.signal })
      },
      'while the request body is awaited': (controller) =>
        fetch(URL_HERE, {
          method: 'POST',
          duplex: 'half',
          signal: controller.signal,
          body: new ReadableStream<Uint8Array<ArrayBuffer>>(),
        }),
      'while the response body is read': async (controller) =>
        (await begun(raw(['Content-Length: 4'], 'a'), { signal: controller.signal })).body?.pipeTo(
          new WritableStream(),
        ),
      'while an encoded body is read': async (controller) =>
        (
          await begun(raw(['Content-Length: 40', 'Content-Encoding: gzip'], '\x1f\x8b'), { signal: controller.signal })
        ).body?.pipeTo(new WritableStream()),
      'after a redirect': async (controller) => {
        const fetching = fetch(URL_HERE, { signal: controller.signal })
        await turn(3)
        server.last.send('HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n')
        return fetching
      },
    }
    for (const [phase, begin] of Object.entries(phases)) {
      it(`${phase} fails with its reason and closes the connection`, async () => {
        const controller = new AbortController()
        const failing = failure(begin(controller))
        await turn(6)
        controller.abort(reason)
        expect(await failing).to.equal(reason)
        expect(server.connections).to.have.lengthOf(1)
        expect(server.last.isClosed).to.equal(true)
        expect(clock.timers).to.equal(0)
      })
    }

    it('while nobody reads fails the body at once', async () => {
      const controller = new AbortController()
      const response = await begun(raw(['Content-Length: 4'], 'a'), { signal: controller.signal })
      controller.abort(reason)
      expect(server.last.isClosed).to.equal(true)
      expect(await failure((response.body as ReadableStream<Uint8Array>).getReader().read())).to.equal(reason)
    })

    it('of a Request counts', async () => {
      const controller = new AbortController()
      const fetching = failure(fetch(new Request(URL_HERE, { signal: controller.signal })))
      await turn(3)
      controller.abort(reason)
      expect(await fetching).to.have.property('message', reason.message)
    })

    it('after the body was read changes nothing for whoever has the connection then', async () => {
      const controller = new AbortController()
      await (await begun(ok('one'), { signal: controller.signal })).text()
      const second = fetch(URL_HERE)
      await turn(3)
      controller.abort(reason)
      expect(server.connections).to.have.lengthOf(1)
      server.last.send(ok('two'))
      expect(await (await second).text()).to.equal('two')
    })
  })
})
