/**
 * One request and its response. Request and response may go both at once; what of the request the handler does not read stays
 * where it is, so that its sender waits.
 *
 * @module
 */
import { bodyStream } from '../http/body/body-stream.ts'
import { brandOf } from '../http/body/brands.ts'
import type { ByteSource } from '../http/body/byte-source.ts'
import { decoderFor } from '../http/body/framed-decoders.ts'
import { declaredFraming, type Framing } from '../http/body/framing.ts'
import { sourceOf } from '../http/body/stream-source.ts'
import type { Connection } from '../http/connection/connection.ts'
import { MessageBody } from '../http/connection/message-body.ts'
import { Sending } from '../http/connection/sending.ts'
import { listOf } from '../http/message/field-line.ts'
import { HttpError } from '../http/message/http-error.ts'
import { encodeLatin1 } from '../http/message/latin1.ts'
import type { RequestHead } from '../http/message/request-head.ts'
import type { FetchHandler } from './fetch-handler.ts'
import type { CheckedServeFetchOptions } from './fetch-server-options.ts'
import { makeRequest, targetOf } from './request.ts'
import { encodeResponse, ownResponse, type EncodedResponse, type OwnStatus } from './response-head.ts'

/** What no Request can be made of (Fetch standard, "forbidden method"). */
const NO_REQUESTS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK']

const CONTINUE = encodeLatin1('HTTP/1.1 100 Continue\r\n\r\n')

/** What an exchange needs. */
export interface ExchangeParts {
  readonly head: RequestHead
  readonly connection: Connection
  readonly handler: FetchHandler
  readonly options: Pick<CheckedServeFetchOptions, 'onError'>
  /** What a request of HTTP/1.0 asks that names no host. */
  readonly ownHost: string
}

/** A response, and how it goes out. */
interface Answer {
  readonly response: Response
  readonly encoded: EncodedResponse
  readonly isLast: boolean
}

/** A request that is being answered. */
export class Exchange {
  readonly #parts: ExchangeParts
  readonly #request: Request
  readonly #body: MessageBody
  /** The request has its body; else what there is of one is dropped. */
  readonly #isReadable: boolean
  /** Of the request: aborts when the visitor has gone. */
  readonly #gone = new AbortController()
  /** Ends the stream of the request. */
  readonly #over = new AbortController()
  #sending: Sending | undefined
  /** The visitor has sent no body yet, as he waits to be told to. */
  #awaitsContinue: boolean
  /** The response has begun. */
  #isAnswering = false
  /** Nothing of the request is left on the connection. */
  #isRead = false
  /** What is wrong with the body. */
  #fault: unknown

  private constructor(parts: ExchangeParts, url: URL, framing: Framing) {
    const { head, connection } = parts
    this.#parts = parts
    this.#awaitsContinue = head.minor === 1 && listOf(head.fields, 'expect').length > 0
    this.#body = new MessageBody({
      of: 'request',
      connection,
      decoder: decoderFor(framing, 'request'),
      onOver: (complete) => (this.#isRead = complete),
      failureOf: (error) => (this.#fault = error) as Error,
    })
    const { method, fields } = head
    // A Request of these methods can have no body, and what one would mean is not defined (RFC 9110, section 9.3.1).
    this.#isReadable = !this.#isRead && !/^(GET|HEAD)$/i.test(method)
    const body = this.#isReadable ? bodyStream(this.#source(), this.#over.signal) : undefined
    this.#request = makeRequest({ url, method, fields, body, signal: this.#gone.signal })
  }

  /** Makes the request; or says how it is refused, which ends the connection. */
  static begin(parts: ExchangeParts): Exchange | OwnStatus {
    const { head, ownHost } = parts
    if (NO_REQUESTS.includes(head.method.toUpperCase())) return 501
    if (head.minor === 1 && listOf(head.fields, 'expect').some((each) => each !== '100-continue')) return 417
    try {
      return new Exchange(parts, targetOf(head, ownHost), declaredFraming(head, 'request'))
    } catch (error) {
      if (error instanceof HttpError) return 400
      throw error
    }
  }

  /** The visitor has gone. */
  abort(reason: unknown): void {
    this.#gone.abort()
    this.#over.abort(reason)
    this.#sending?.cancel(reason)
  }

  /**
   * Has the request answered, and sends the answer.
   *
   * @param isFinishing - whether no further request is wanted
   * @returns whether another may follow
   * @throws what befell the answer on its way: what the visitor has of it is not whole
   */
  async answer(isFinishing: () => boolean): Promise<boolean> {
    const { connection } = this.#parts
    try {
      const response = await this.#respond()
      if (connection.isClosed) {
        giveUp(response, new HttpError('HTTP_TRUNCATED', 'the visitor has gone'))
        return false
      }
      const { isLast, ...answer } = this.#encode(response, isFinishing())
      await this.#send(answer)
      if (isLast) return false
      this.#body.discard()
      return this.#isRead
    } finally {
      this.#over.abort(new HttpError('HTTP_TRUNCATED', 'the request was answered before all of it was read'))
    }
  }

  /** What the handler gives, or what stands for it. */
  async #respond(): Promise<Response> {
    try {
      const response = await this.#parts.handler(this.#request)
      if (brandOf(response) !== 'Response') throw new TypeError('Cannot answer with what is no Response')
      if (response.bodyUsed || response.body?.locked === true)
        throw new TypeError('Cannot answer with a Response whose body was used')
      return response
    } catch (error) {
      if (this.#fault !== undefined) return ownResponse(400)
      this.#tell(error)
      return ownResponse(500)
    }
  }

  #encode(response: Response, isFinishing: boolean): Answer {
    this.#isAnswering = true
    const { method, minor, fields } = this.#parts.head
    if (!this.#isReadable) this.#body.discard()
    const isLast =
      isFinishing ||
      minor === 0 ||
      this.#fault !== undefined ||
      (this.#awaitsContinue && !this.#isRead) ||
      (!this.#isReadable && !this.#isRead) ||
      listOf(fields, 'connection').includes('close') ||
      /\bclose\b/i.test(response.headers.get('connection') ?? '')
    const answering = { method: method.toUpperCase(), minor, isLast }
    try {
      return { response, encoded: encodeResponse(response, answering), isLast }
    } catch (error) {
      giveUp(response, error)
      this.#tell(error)
      const own = ownResponse(500)
      return { response: own, encoded: encodeResponse(own, answering), isLast }
    }
  }

  /** Resolves when all was sent. */
  async #send({ response, encoded }: Pick<Answer, 'response' | 'encoded'>): Promise<void> {
    const { head, body } = encoded
    const stream = response.body
    if (body === undefined || stream === null) giveUp(response, undefined)
    const sent = body && stream ? { ...body, open: () => sourceOf(stream) } : undefined
    const sending = new Sending(this.#parts.connection, head, sent, 'response')
    this.#sending = sending
    await sending.settled
    const { failure } = sending
    if (failure?.of === 'body' && failure.error !== this.#fault) this.#tell(failure.error)
    if (sending.state === 'failed') throw failure?.error
  }

  /** The body of the request: its first read is what the visitor may have waited for. */
  #source(): ByteSource {
    return {
      read: async () => {
        if (this.#awaitsContinue && !this.#isAnswering) {
          this.#awaitsContinue = false
          await this.#parts.connection.write(CONTINUE)
        }
        return await this.#body.read()
      },
      cancel: (reason) => this.#body.cancel(reason),
    }
  }

  /** Who has gone is no failure of the handler's. */
  #tell(error: unknown): void {
    if (!this.#gone.signal.aborted) this.#parts.options.onError(error, this.#request)
  }
}

/** Nobody reads this response. */
function giveUp(response: Response, reason: unknown): void {
  if (response.body?.locked === false) response.body.cancel(reason).catch(() => undefined) // its maker's own matter
}
