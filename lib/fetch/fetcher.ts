/**
 * Fetches: one request after the other along its redirects, each over a connection of the pool or a new one.
 *
 * @module
 */
import { onAbort } from '../base/waiting/abort.ts'
import type { Clock } from '../base/waiting/clock.ts'
import { bodyStream } from '../http/body/body-stream.ts'
import type { ByteSource } from '../http/body/byte-source.ts'
import { Connection, giveUp } from '../http/connection/connection.ts'
import { ConnectionPool, type PoolKey, type PoolLimits } from './connection/connection-pool.ts'
import { codingsOf, decoded } from './body/content-coding.ts'
import { exchange, type Incoming, type Outgoing } from './exchange.ts'
import { listOf } from '../http/message/field-line.ts'
import { HttpError } from '../http/message/http-error.ts'
import { fetchFailure } from './message/fetch-failure.ts'
import { encodeRequestHead } from './request/request-head.ts'
import { readRequest, type FetchInit, type FetchRequest } from './request/request.ts'
import { isRedirect, MAX_REDIRECTS, redirected } from './request/redirect.ts'
import type { ResponseHead } from './message/response-head.ts'
import { makeResponse } from './response.ts'
import type { FetchConnect, FetchSocket, FetchStartTls } from './connection/socket.ts'
import { addressOf } from './request/target.ts'

/** Methods that may be sent twice without more effect than once (RFC 9110, section 9.2.2), where a connection fails. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** What a {@link Fetcher} is made of. */
export interface FetcherParts {
  readonly connect: FetchConnect
  readonly startTls: FetchStartTls | undefined
  readonly limits: PoolLimits
  readonly clock: Clock
}

/** The state behind one fetch function. */
export class Fetcher {
  readonly #parts: FetcherParts
  readonly #pool: ConnectionPool
  #isClosed = false

  constructor(parts: FetcherParts) {
    this.#parts = parts
    this.#pool = new ConnectionPool(parts.limits, parts.clock)
  }

  /** See `Fetch` of create-fetch.ts. */
  async fetch(input: string | URL | Request, init?: FetchInit): Promise<Response> {
    if (this.#isClosed) throw new TypeError('Cannot fetch as this fetch was closed')
    let request = await readRequest(input, init)
    try {
      for (let redirects = 0; ; redirects++) {
        const incoming = await this.#send(request)
        const next = request.redirect === 'manual' ? undefined : this.#next(request, incoming, redirects)
        if (next === undefined) return respond(request, incoming, redirects > 0)
        request = next
      }
    } catch (error) {
      request.body?.open().cancel(error)
      throw error
    }
  }

  /** See `Fetch.close`. */
  close(): void {
    this.#isClosed = true
    this.#pool.close()
  }

  /** See `Fetch.closeIdle`. */
  closeIdle(): void {
    this.#pool.clear()
  }

  /** The request that follows, if the response is a redirect that is to be followed. */
  #next(request: FetchRequest, { head, body }: Incoming, redirects: number): FetchRequest | undefined {
    if (!isRedirect(head.status)) return undefined
    try {
      if (request.redirect === 'error') throw new HttpError('HTTP_REDIRECT', 'there was a redirect')
      const next = redirected(request, head)
      if (next === undefined) return undefined
      if (redirects >= MAX_REDIRECTS)
        throw new HttpError('HTTP_REDIRECT', `there were more than ${MAX_REDIRECTS} redirects`)
      body.discard()
      return next
    } catch (error) {
      body.discard()
      throw fetchFailure(error)
    }
  }

  /** Sends one request; once more over a new connection when a used one turned out to be dead. */
  async #send(request: FetchRequest): Promise<Incoming> {
    const { url, method, fields, body, signal } = request
    const head = encodeRequestHead({ url, method, fields, body, isLast: this.#pool.isOff })
    const outgoing: Outgoing = { method, head, body }
    if (signal?.aborted) throw signal.reason
    const used = this.#pool.take(keyOf(request))
    if (used !== undefined) {
      try {
        return await this.#exchange(used, outgoing, request)
      } catch (error) {
        const mayRetry = IDEMPOTENT.has(method) && body?.isReplayable !== false
        if (used.heard || !mayRetry || signal?.aborted) throw error
      }
    }
    return this.#exchange(this.#connect(request), outgoing, request)
  }

  async #exchange(connection: Connection, outgoing: Outgoing, request: FetchRequest): Promise<Incoming> {
    const { signal } = request
    const forget = onAbort(signal, () => connection.close(signal?.reason))
    try {
      const onFree = (head: ResponseHead): void => this.#pool.give(keyOf(request), connection, keepAliveOf(head))
      return await exchange(connection, outgoing, { clock: this.#parts.clock, onFree })
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    } finally {
      forget()
    }
  }

  #connect({ url, isolation, exit }: FetchRequest): Connection {
    const { connect, startTls } = this.#parts
    const alpn = ['http/1.1']
    const address = addressOf(url)
    const isSecure = url.protocol === 'https:'
    const choice = { ...(isolation !== undefined && { isolation }), ...(exit !== undefined && { exit }) }
    let socket: FetchSocket | undefined
    try {
      if (!isSecure || startTls !== undefined) socket = connect(address, { secureTransport: 'off', ...choice })
      else {
        socket = connect(address, { secureTransport: 'on', alpn, ...choice })
        if (socket.secureTransport === 'off')
          throw new TypeError('Cannot use what connect gave for https: as it has no TLS')
      }
      return new Connection(
        isSecure && startTls !== undefined ? startTls(socket, { hostname: address.hostname, alpn }) : socket,
      )
    } catch (error) {
      if (socket !== undefined) giveUp(socket, error)
      throw fetchFailure(error, 'no connection could be made')
    }
  }
}

/** Which connections a request may use. */
const keyOf = ({ url, isolation, exit }: FetchRequest): PoolKey => ({ origin: url.origin, isolation, exit })

/** The Response for what came. */
function respond(
  { url, method, signal }: FetchRequest,
  { head, body, hasBody }: Incoming,
  isRedirected: boolean,
): Response {
  try {
    if (signal?.aborted) throw signal.reason
    const source: ByteSource = hasBody ? decoded(body, codingsOf(head.fields)) : body
    // An abort changes nothing about an empty body: nobody may ever read it, and the signal would keep it.
    const stream = hasBody && method !== 'HEAD' ? bodyStream(source, body.isOver ? undefined : signal) : null
    return makeResponse(head, stream, { url, isRedirected })
  } catch (error) {
    body.cancel(error)
    throw error instanceof HttpError ? fetchFailure(error) : error
  }
}

/**
 * How long the server keeps the connection, in ms, less a second in which it might go; Infinity when it does not say.
 */
function keepAliveOf({ fields }: ResponseHead): number {
  const seconds = listOf(fields, 'keep-alive')
    .map((each) => /^timeout=(\d{1,9})$/.exec(each)?.[1])
    .find((each) => each !== undefined)
  return seconds === undefined ? Infinity : Number(seconds) * 1000 - 1000
}
