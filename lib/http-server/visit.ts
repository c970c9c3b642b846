/**
 * One connection of a visitor: its requests one after the other (RFC 9112, section 9).
 *
 * @module
 */
import { startBackgroundTimer } from '../base/waiting/clock.ts'
import { markHandled } from '../base/waiting/deferred.ts'
import type { HttpSocket } from '../http/connection/http-socket.ts'
import { HttpError } from '../http/message/http-error.ts'
import { RequestHeadReader, type RequestHead } from '../http/message/request-head.ts'
import { Exchange } from './exchange.ts'
import type { FetchHandler } from './fetch-handler.ts'
import type { CheckedServeFetchOptions } from './fetch-server-options.ts'
import { lastWords, type OwnStatus } from './response-head.ts'
import { VisitorConnection } from './visitor-connection.ts'

/** What a visit needs. */
export interface VisitParts {
  readonly socket: HttpSocket
  readonly handler: FetchHandler
  readonly options: CheckedServeFetchOptions
  /** The visitor's turn to ask has come. */
  waits(): void
}

/** A visitor's connection. */
export class Visit {
  readonly #parts: VisitParts
  readonly #connection: VisitorConnection
  #exchange: Exchange | undefined
  #isFinishing = false

  constructor(parts: VisitParts) {
    const { socket, options } = parts
    this.#parts = parts
    this.#connection = new VisitorConnection(socket, options.clock, options.idleTimeout)
    const gone = (): void => this.end(new HttpError('HTTP_TRUNCATED', 'the visitor has gone'))
    socket.closed.then(gone, gone)
  }

  /** True while no request has come in full. */
  get isWaiting(): boolean {
    return this.#exchange === undefined
  }

  /** Takes no further request: ends now, or after the answer that is under way. */
  finish(): void {
    this.#isFinishing = true
    if (this.isWaiting) this.end()
  }

  /** Ends at once. With a reason it is a failure, which the visitor can tell from an end. */
  end(reason?: unknown): void {
    this.#connection.close(reason)
    this.#exchange?.abort(reason)
  }

  /** Serves until the connection is over; never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#next()) this.#parts.waits()
      this.end()
    } catch (error) {
      // The connection has failed, or the response: the request, or `onError`, has told.
      this.end(error ?? new HttpError('HTTP_TRUNCATED', 'the answer broke off'))
    }
  }

  /** Takes one request and answers it; false when it was the last. */
  async #next(): Promise<boolean> {
    const head = await this.#head()
    if (head === undefined) return false
    const { handler, options, socket } = this.#parts
    const connection = this.#connection
    const opened = (await socket.opened) as { readonly localAddress?: string | undefined } | undefined
    const begun = Exchange.begin({ head, connection, handler, options, ownHost: opened?.localAddress ?? '' })
    if (typeof begun === 'number') return await this.#refuse(begun)
    this.#exchange = begun
    try {
      return await begun.answer(() => this.#isFinishing)
    } finally {
      this.#exchange = undefined
    }
  }

  /** The next head; undefined when there is none. */
  async #head(): Promise<RequestHead | undefined> {
    const { clock, headTimeout, maxHead } = this.#parts.options
    const connection = this.#connection
    const reader = new RequestHeadReader(maxHead)
    let stop: (() => void) | undefined
    try {
      for (;;) {
        if (connection.input.at < connection.input.bytes.length) {
          stop ??= startBackgroundTimer(clock, headTimeout, () => markHandled(this.#refuse(408)))
          const head = reader.read(connection.input)
          if (head !== undefined) return head
        }
        if (!(await connection.fill())) return undefined
      }
    } catch (error) {
      if (connection.isClosed || !(error instanceof HttpError)) throw error
      await this.#refuse(error.code === 'HTTP_TOO_LARGE' ? 431 : 400)
      return undefined
    } finally {
      stop?.()
    }
  }

  /** An answer of the server's own, the last of the connection. */
  async #refuse(status: OwnStatus): Promise<false> {
    await this.#connection.write(lastWords(status))
    this.end()
    return false
  }
}
