/**
 * A WebSocket gateway to the relays of a Tor network: what a page needs, which cannot dial. It connects to relays of a verified
 * consensus that holds now, and to nothing else.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as http from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocketServer } from 'ws'
import { onAbort } from '../../base/waiting/abort.ts'
import { deferred } from '../../base/waiting/deferred.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { admit, isServedOrigin } from './admission.ts'
import { clientOf } from './client-address.ts'
import { dial } from './dial.ts'
import { DirectoryAnswers } from './directory-answer.ts'
import { Counters, type GatewayCounters } from './gateway-counters.ts'
import { GatewayLink } from './gateway-link.ts'
import {
  gatewaySettings,
  type GatewayDirectory,
  type GatewaySettings,
  type ListenGatewayOptions,
} from './gateway-options.ts'
import { refuseConnection, refuseRequest, type AnswerStatus } from './http-answers.ts'
import { LinkPlaces } from './link-places.ts'
import { parseLinkTarget } from './link-target.ts'

/** The longest head of a request, in bytes. */
const MAX_HEAD = 16_384

/** How long a page may take to answer a close frame, in ms. */
const CLOSE_TIMEOUT = 10_000

/** How long whoever takes the directory may rest, in ms. */
const REST_TIMEOUT = 30_000

/** How many connections there may be beside links: for one client, and in all. */
const OTHER_CONNECTIONS_PER_CLIENT = 16
const OTHER_CONNECTIONS = 256

/** The most bytes of a message, and the most pieces that it may come in. */
const MAX_MESSAGE = 65_536
const MAX_PIECES = 1024

/** A gateway that listens. */
export interface Gateway {
  /** The address, an IPv6 one without brackets. */
  readonly address: string
  /** The port, also where 0 was asked for. */
  readonly port: number
  /** What it has done so far: numbers only. */
  readonly counters: GatewayCounters
  /** Ends the listener, every link and the directory. Resolves when nothing is left. Idempotent. */
  close(): Promise<void>
  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a gateway, once it has a directory that was verified as a client's is. In Node.
 *
 * A page asks for `GET /ADDRESS:PORT` as a WebSocket, an IPv6 address in brackets. The answer is a WebSocket whose binary
 * messages are the bytes of a TCP connection, or 400 for what is no address and port, 403 for what is no relay or for
 * a page of another origin, 429 beyond the limits, 502 and 504 for a relay that cannot be reached, 503 when the directory is out of
 * date. `GET /directory` gives the directory, for the option `directory` of `TorClient.open`.
 *
 * It writes no logs. The addresses of its clients are known to it as long as they are connected.
 *
 * ```ts
 * await using gateway = await listenGateway({ port: 8080, origin: 'https://a.example' })
 * ```
 *
 * @throws TypeError or RangeError (as a rejection) naming the option
 * @throws TorError (as a rejection) `DIRECTORY_…`, `LINK_…`, `CLIENT_OBSOLETE`, `TIMEOUT`, `ABORTED` when no directory can be had; the
 * runtime's error when it cannot listen there
 */
export async function listenGateway(options: ListenGatewayOptions): Promise<Gateway> {
  const settings = gatewaySettings(options)
  settings.signal?.throwIfAborted()
  const { WebSocketServer } = await import('ws')
  const directory = options.directory ?? (await openDirectory(options, settings))
  // Beside what its types know of: how many pieces a message may have, how long a close may take.
  const limits = {
    maxFragments: MAX_PIECES,
    maxBufferedChunks: MAX_PIECES,
    closeTimeout: CLOSE_TIMEOUT,
    autoPong: false,
  }
  const sockets = new WebSocketServer({
    ...limits,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
  })
  const gateway = new GatewayServer(settings, directory, sockets)
  try {
    await gateway.start()
    return gateway
  } catch (error) {
    await gateway.close()
    throw error
  }
}

async function openDirectory(
  { network, storage, onProgress }: ListenGatewayOptions,
  { signal, timeout, clock }: GatewaySettings,
): Promise<GatewayDirectory> {
  const { DirectoryMirror } = await import('../../client/mirror/directory-mirror.ts')
  return await DirectoryMirror.open({ network, storage, signal, timeout, onProgress, clock })
}

class GatewayServer implements Gateway {
  readonly #settings: GatewaySettings
  readonly #directory: GatewayDirectory
  readonly #sockets: WebSocketServer
  readonly #server: http.Server
  readonly #counters = new Counters()
  readonly #places: LinkPlaces
  readonly #connections: LinkPlaces
  readonly #answers = new DirectoryAnswers()
  readonly #links = new Set<GatewayLink>()
  readonly #closing = new AbortController()
  #address = { address: '', port: 0 }
  #forgetSignal: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(settings: GatewaySettings, directory: GatewayDirectory, sockets: WebSocketServer) {
    this.#settings = settings
    this.#directory = directory
    this.#sockets = sockets
    const { maxLinks, maxLinksPerClient, trustForwarded, headTimeout } = settings
    this.#places = new LinkPlaces(maxLinks, maxLinksPerClient)
    const most = maxLinks + OTHER_CONNECTIONS
    // Behind a proxy all connections are of one address.
    this.#connections = new LinkPlaces(most, trustForwarded ? most : maxLinksPerClient + OTHER_CONNECTIONS_PER_CLIENT)
    const { createServer } = builtinModule<typeof http>('node:http')
    this.#server = createServer({
      maxHeaderSize: MAX_HEAD,
      headersTimeout: headTimeout,
      requestTimeout: headTimeout,
      connectionsCheckingInterval: headTimeout / 4,
      noDelay: true,
    })
    this.#server.setTimeout(REST_TIMEOUT)
    this.#server.on('connection', (socket) => {
      const leave = this.#connections.take(clientOf({ headers: {}, socket }, false))
      if (leave === undefined) socket.destroy()
      else socket.once('close', leave)
    })
    this.#server.on('upgrade', (request, socket, head) => void this.#link(request, socket, head))
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy()) // compressing failed: for want of memory
    })
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
      this.#refuse(socket, status)
    })
  }

  get address(): string {
    return this.#address.address
  }

  get port(): number {
    return this.#address.port
  }

  get counters(): GatewayCounters {
    return this.#counters.now
  }

  async start(): Promise<void> {
    const { port, hostname, signal } = this.#settings
    const listening = deferred<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen(port, hostname, () => listening.resolve())
    await listening.promise
    this.#server.off('error', listening.reject)
    this.#server.on('error', () => undefined) // a connection that could not be accepted: its client knows
    const { address, port: chosen } = this.#server.address() as { address: string; port: number }
    this.#address = { address, port: chosen }
    this.#forgetSignal = onAbort(signal, () => void this.close())
    signal?.throwIfAborted()
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#forgetSignal?.()
    this.#closing.abort()
    const closed = deferred<void>()
    this.#server.close(() => closed.resolve())
    this.#server.closeAllConnections()
    const links = [...this.#links]
    for (const link of links) link.close()
    await Promise.all([closed.promise, this.#directory.close(), ...links.map((link) => link.closed)])
  }

  async #link(request: http.IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { clock, dialTimeout: timeout, idleTimeout, trustForwarded } = this.#settings
    const gone = new AbortController()
    socket.on('error', () => undefined) // it closes then
    socket.once('close', () => gone.abort())
    const target = admit(request, this.#directory, this.#settings)
    if (typeof target === 'number') return this.#refuse(socket, target)
    const leave = this.#places.take(clientOf(request, trustForwarded))
    if (leave === undefined) return this.#refuse(socket, 429)
    const relay = await dial(target, { timeout, clock, signal: AbortSignal.any([gone.signal, this.#closing.signal]) })
    if (typeof relay === 'number' || gone.signal.aborted || this.#closing.signal.aborted) {
      leave()
      if (typeof relay !== 'number') relay.destroy()
      return this.#refuse(socket, typeof relay === 'number' ? relay : 502)
    }
    let link: GatewayLink | undefined
    // It calls back at once, or not at all when the page has ended its side.
    this.#sockets.handleUpgrade(request, socket, head, (page) => {
      link = new GatewayLink(page, relay, { idleTimeout, clock, counters: this.#counters })
    })
    if (link !== undefined) {
      this.#links.add(link)
      this.#counters.opened += 1
      this.#counters.links += 1
      await link.closed
      this.#links.delete(link)
      this.#counters.links -= 1
    } else relay.destroy()
    leave()
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { url = '', method } = request
    const refuse = (status: AnswerStatus): void => {
      this.#counters.refuse(status)
      refuseRequest(response, status)
    }
    if (url !== '/directory') return refuse(parseLinkTarget(url) ? 426 : 404)
    if (method !== 'GET' && method !== 'HEAD') return refuse(405)
    const { origins, trustForwarded, clock } = this.#settings
    const { origin } = request.headers
    // A page of the same origin, and whoever is no page, does not name one.
    if (origin !== undefined && !isServedOrigin(origin, origins)) return refuse(403)
    const { snapshot, isLive, freshUntil = 0 } = this.#directory
    if (snapshot === undefined || !isLive) return refuse(503)
    const leave = this.#places.take(clientOf(request, trustForwarded))
    if (leave === undefined) return refuse(429)
    response.once('close', leave)
    const { bytes, etag } = await this.#answers.of(snapshot)
    const seconds = Math.min(3600, Math.max(60, Math.floor((freshUntil - clock.now()) / 1000)))
    const isKnown = request.headers['if-none-match'] === etag
    response.writeHead(isKnown ? 304 : 200, {
      ...(origins === undefined ? { 'Access-Control-Allow-Origin': '*' } : {}),
      ...(origins === undefined || origin === undefined ? {} : { 'Access-Control-Allow-Origin': origin }),
      'Cache-Control': `public, max-age=${seconds}`,
      'Connection': 'close',
      'ETag': etag,
      'X-Content-Type-Options': 'nosniff',
      ...(origins === undefined ? {} : { Vary: 'Origin' }),
      ...(isKnown ? {} : { 'Content-Type': 'application/gzip', 'Content-Length': bytes.length }),
    })
    this.#counters.directories += isKnown || method === 'HEAD' ? 0 : 1
    response.end(isKnown || method === 'HEAD' ? undefined : bytes)
  }

  #refuse(socket: Duplex, status: AnswerStatus): void {
    this.#counters.refuse(status)
    refuseConnection(socket, status)
  }
}
