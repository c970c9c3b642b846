/**
 * The far end of what HTTP libraries and programs ask for, by `http:` and by `https:`: bytes, uploads, redirects,
 * WebSockets, and a git repository.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { serverCertificate, serverKey } from '../../support/tls-authority.ts'
import { answer } from './http-target.ts'
import { answerCall, isCall } from './rpc-target.ts'
import { testBytes } from './test-bytes.ts'

/** The name that the target's certificate is for, and that only the exits can resolve. */
export const targetName = 'target.test'

/** How many bytes come before the pause of `/stall`. */
const beforeStall = 100_000

/**
 * Two servers on 127.0.0.1 which do the same.
 *
 * - `GET /N`: N bytes of the sequence in test-bytes.ts; a POST is answered with what came, as by HttpTarget
 * - `/to/PROTOCOL/HOST:PORT`, with anything behind it: a redirect there
 * - `/stall`, with anything behind it: half an answer, and no more for ever
 * - `/NAME.git/…`, `/NAME.apt/…`: a file of a repository below `repositories`
 * - a POST of JSON: a call, as in rpc-target.ts
 * - a WebSocket to `/N` gets N bytes in a message, and for each message it sends what came, as above
 */
export class WebTarget {
  /** The ports of 127.0.0.1. */
  readonly ports: Readonly<Record<'http:' | 'https:', number>>
  /** How many requests wait for the rest of `/stall`. */
  stalled = 0
  readonly #servers: readonly Server[]
  readonly #upgraded = new Set<Duplex>()
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #repositories: string

  /** @param repositories - the directory with bare git repositories */
  static async start(repositories: string): Promise<WebTarget> {
    const servers = [createServer(), createSecureServer({ key: serverKey, cert: serverCertificate })] as const
    for (const server of servers) {
      server.keepAliveTimeout = 3_600_000 // A client's next request is not to meet a server that has just hung up.
      await once(server.listen(0, '127.0.0.1'), 'listening')
    }
    return new WebTarget(servers, repositories)
  }

  private constructor(servers: readonly [Server, Server], repositories: string) {
    this.#servers = servers
    this.#repositories = repositories
    const [http, https] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number]
    this.ports = { 'http:': http, 'https:': https }
    for (const server of servers) this.answerOn(server)
  }

  /** The URL of a path, by the name that only the exits know. */
  url(protocol: 'http:' | 'https:', path: string): string {
    return `${protocol}//${targetName}:${this.ports[protocol]}${path}`
  }

  /** Has another server do the same. */
  answerOn(server: Server): void {
    server.on('request', (request, response) => void this.#answer(request, response))
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** Stops listening and cuts every connection. */
  async stop(): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy()
    await Promise.all(
      this.#servers.map(async (server) => {
        const closed = once(server, 'close')
        server.close()
        server.closeAllConnections()
        await closed
      }),
    )
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const location = redirectOf(path)
    if (location !== undefined) {
      response.writeHead(302, { location, 'content-length': 0 }).end()
    } else if (path.startsWith('/stall')) {
      response.writeHead(200, { 'content-length': 3 * beforeStall })
      response.write(testBytes(beforeStall), () => {
        this.stalled += 1
      })
    } else if (/\.(?:git|apt)\//.test(path)) {
      const file = await readFile(join(this.#repositories, new URL(path, 'http://target').pathname)).catch(
        () => undefined,
      )
      response.writeHead(file === undefined ? 404 : 200).end(file)
    } else if (isCall(request)) {
      await answerCall(request, response)
    } else {
      answer(request, response)
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.on('close', () => this.#upgraded.delete(socket))
    socket.on('error', () => undefined) // A circuit may die in the middle of anything.
    const path = request.url ?? ''
    const location = redirectOf(path)
    if (location !== undefined)
      return void socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nConnection: close\r\n\r\n`)
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined)
      webSocket.on('message', (data: Buffer) => {
        webSocket.send(JSON.stringify({ bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') }))
      })
      if (path.startsWith('/stall')) this.stalled += 1
      else if (Number(path.slice(1)) > 0) webSocket.send(testBytes(Number(path.slice(1))))
    })
  }
}

function redirectOf(path: string): string | undefined {
  const [, protocol, host] = /^\/to\/(https?)\/(\d+(?:\.\d+){3}:\d+)/.exec(path) ?? []
  return protocol === undefined ? undefined : `${protocol}://${host}/`
}
