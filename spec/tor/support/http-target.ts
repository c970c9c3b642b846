/**
 * The HTTP server that streams through the private network end at.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { testBytesView } from './test-bytes.ts'

/** What the target answers to a body that was sent to it, as JSON. */
export interface Received {
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/**
 * An HTTP/1.1 server on 127.0.0.1. `GET /N` gives N bytes of the sequence in test-bytes.ts, any other GET gives `ok`;
 * a POST or PUT is read to its end and answered with {@link Received}.
 */
export class HttpTarget {
  readonly port: number
  readonly #stop: () => Promise<void>

  static async start(): Promise<HttpTarget> {
    const server = createServer(answer)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new HttpTarget((server.address() as AddressInfo).port, async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    })
  }

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port
    this.#stop = stop
  }

  /** Stops listening and cuts every connection. */
  stop(): Promise<void> {
    return this.#stop()
  }
}

/** What an {@link HttpTarget} answers. */
export function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST' || request.method === 'PUT') {
    swallow(request, response)
    return
  }
  const digits = /^\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (digits === undefined) response.end('ok\n')
  else serve(response, Number(digits))
}

function swallow(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256')
  let bytes = 0
  request.on('data', (piece: Buffer) => {
    bytes += piece.length
    hash.update(piece)
  })
  request.on('end', () => {
    const received: Received = { bytes, sha256: hash.digest('hex') }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(received))
  })
}

/** Sends `length` bytes of the sequence, no faster than the connection takes them. */
function serve(response: ServerResponse, length: number): void {
  response.writeHead(200, { 'content-length': length, 'content-type': 'application/octet-stream' })
  let sent = 0
  const pump = (): void => {
    while (sent < length) {
      const piece = testBytesView(sent, Math.min(length - sent, 2 ** 18))
      sent += piece.length
      if (!response.write(piece)) {
        response.once('drain', pump)
        return
      }
    }
    response.end()
  }
  pump()
}
