import { expect } from 'chai'
import { serveHttp } from '../../../lib/node/onion/serve-http.ts'
import type { NodeSocketSource } from '../../../lib/node/connect.ts'

interface Visit {
  readonly socket: NodeSocketSource
  /** What the visitor sends, and what it gets. */
  readonly writable: WritableStream<Uint8Array>
  readonly readable: ReadableStream<Uint8Array>
}

/** The two ends of a stream. */
function visit(): Visit {
  const up = new TransformStream<Uint8Array, Uint8Array>()
  const down = new TransformStream<Uint8Array, Uint8Array>()
  const socket = {
    readable: up.readable,
    writable: down.writable,
    opened: Promise.resolve({ remoteAddress: undefined }),
    closed: Promise.resolve(),
    close: () => Promise.resolve(),
  }
  return { socket: socket as unknown as NodeSocketSource, writable: up.writable, readable: down.readable }
}

describe('serveHttp', () => {
  let take: ReadableStreamDefaultController<NodeSocketSource>
  const service = (): { incoming: ReadableStream<NodeSocketSource> } => ({
    incoming: new ReadableStream<NodeSocketSource>({
      start(controller) {
        take = controller
      },
    }),
  })

  async function ask(request: string): Promise<string> {
    const { socket, writable, readable } = visit()
    take.enqueue(socket)
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode(request))
    return await new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).text()
  }

  it('answers every visitor by the listener, and listens nowhere', async () => {
    const server = serveHttp(service(), (request, response) => {
      response.end(`${request.method} ${request.url} for ${request.headers.host}`)
    })
    const [one, other] = await Promise.all([
      ask('GET /a HTTP/1.0\r\nHost: one.onion\r\n\r\n'),
      ask('GET /b HTTP/1.1\r\nHost: two.onion\r\nConnection: close\r\n\r\n'),
    ])
    expect(one)
      .to.match(/^HTTP\/1\.1 200 OK\r\n/)
      .and.to.match(/GET \/a for one\.onion$/)
    expect(other).to.include('GET /b for two.onion')
    expect([server.listening, server.address()]).to.deep.equal([false, null])
    take.close()
  })

  it('reads what a visitor sends', async () => {
    serveHttp(service(), (request, response) => {
      let bytes = 0
      request.on('data', (piece: Buffer) => (bytes += piece.length))
      request.on('end', () => response.end(String(bytes)))
    })
    const text = await ask(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello`)
    expect(text).to.match(/\r\n\r\n5$/)
    take.close()
  })

  it('ends what is no HTTP, and goes on with others', async () => {
    const server = serveHttp(service(), (_, response) => response.end('well'))
    let told = 0
    server.on('clientError', (_, socket) => {
      told += 1
      socket.destroy()
    })
    await ask('nonsense\r\n\r\n').catch(() => undefined) // a stream that breaks
    expect(told).to.equal(1)
    expect(await ask('GET / HTTP/1.0\r\n\r\n')).to.match(/well$/)
    take.close()
  })
})
