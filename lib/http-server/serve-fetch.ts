/**
 * HTTP on the streams of an onion service's visitors, in every runtime: a handler of Requests, and nothing of the runtime's
 * own server.
 *
 * @module
 */
import { onAbort } from '../base/waiting/abort.ts'
import { deferred, type Deferred } from '../base/waiting/deferred.ts'
import { atEndOfTurn } from '../base/waiting/end-of-turn.ts'
import type { HttpSocket } from '../http/connection/http-socket.ts'
import type { FetchHandler } from './fetch-handler.ts'
import {
  checkServeFetchOptions,
  type CheckedServeFetchOptions,
  type ServeFetchOptions,
} from './fetch-server-options.ts'
import type { Visit } from './visit.ts'

/** Whose visitors are served: an `OnionService`, or anything else that streams come out of. */
export interface FetchService {
  /** Its visitors' streams. */
  readonly incoming: ReadableStream<HttpSocket>
}

/** What serves the visitors of a service. */
export interface FetchServer {
  /** Resolves when no visitor is left and none is taken any more: the service has closed, or this server. */
  readonly closed: Promise<void>
  /**
   * Takes no more visitors and no more requests, and lets the answers that are under way end. The service stays: it is
   * closed apart.
   *
   * @returns `closed`
   */
  close(): Promise<void>
  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Answers the requests of every visitor with `handler`. A visitor's stream is taken as soon as it comes.
 *
 * ```ts
 * const service = await tor.serve({ ports: [80] })
 * serveFetch(service, (request) => new Response(`hello, visitor of ${new URL(request.url).pathname}`))
 * ```
 *
 * It speaks HTTP/1.1 and keeps connections for further requests. The streams of requests and responses have Tor's
 * backpressure. A handler that throws, or gives no Response, is answered for by 500 and no more: `onError` hears of it. Requests
 * that could be read in two ways are refused.
 *
 * @throws TypeError or RangeError naming the option; TypeError when `incoming` is locked
 */
export function serveFetch(service: FetchService, handler: FetchHandler, options: ServeFetchOptions = {}): FetchServer {
  if (typeof handler !== 'function') throw new TypeError('Cannot serve without a handler')
  const checked = checkServeFetchOptions(options)
  return new Server(service.incoming.getReader(), handler, checked)
}

class Server implements FetchServer {
  readonly closed: Promise<void>
  readonly #reader: ReadableStreamDefaultReader<HttpSocket>
  readonly #handler: FetchHandler
  readonly #options: CheckedServeFetchOptions
  /** Until when each lasts. The one that waits longest for a request comes first. */
  readonly #visits = new Map<Visit, Promise<void>>()
  #isClosing = false
  /** A visit waits or is over. */
  #changed: Deferred<void> = deferred()

  constructor(
    reader: ReadableStreamDefaultReader<HttpSocket>,
    handler: FetchHandler,
    options: CheckedServeFetchOptions,
  ) {
    const { signal } = options
    this.#reader = reader
    this.#handler = handler
    this.#options = options
    const forget = onAbort(signal, () => {
      this.#close()
      for (const visit of this.#visits.keys()) visit.end(signal?.reason)
    })
    this.closed = this.#serve().finally(forget)
  }

  close(): Promise<void> {
    this.#close()
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#reader.releaseLock()
    for (const visit of this.#visits.keys()) visit.finish()
    this.#changed.resolve()
  }

  async #serve(): Promise<void> {
    // A page that has a service and no visitor does without it.
    const { Visit } = await import('./visit.ts')
    try {
      while (!this.#isClosing) {
        const { done, value: socket } = await this.#reader.read()
        if (done) break
        while (this.#visits.size >= this.#options.maxConnections && !this.#isClosing) await this.#makeRoom()
        if (this.#isClosing) await socket.close()
        else this.#take(socket, Visit)
      }
    } catch {
      // The lock was released, or the service has failed, which it tells by itself.
    }
    await Promise.all(this.#visits.values())
  }

  #take(socket: HttpSocket, Class: typeof Visit): void {
    const waits = (): void => {
      this.#visits.delete(visit)
      this.#visits.set(visit, run)
      this.#changed.resolve()
    }
    const visit = new Class({ socket, handler: this.#handler, options: this.#options, waits })
    const run = visit.run().then(() => {
      this.#visits.delete(visit)
      this.#changed.resolve()
    })
    this.#visits.set(visit, run)
  }

  /** Ends the connection that has waited longest for a request; where all are busy, waits until something changes. */
  async #makeRoom(): Promise<void> {
    await new Promise<void>((resolve) => atEndOfTurn(resolve)) // a request that is there already is read first
    for (const visit of this.#visits.keys()) {
      if (!visit.isWaiting) continue
      this.#visits.delete(visit)
      visit.end()
      return
    }
    this.#changed = deferred()
    await this.#changed.promise
  }
}
