/**
 * One request and its response on one connection (RFC 9112, section 9). Both directions go at once: a response may come
 * before the request was sent in full.
 *
 * @module
 */
import { startBackgroundTimer, startTimer, type Clock } from '../base/waiting/clock.ts'
import { allowsReuse, framingOf } from './body/body-framing.ts'
import { decoderFor } from '../http/body/framed-decoders.ts'
import type { Connection } from '../http/connection/connection.ts'
import { HttpError } from '../http/message/http-error.ts'
import { fetchFailure } from './message/fetch-failure.ts'
import type { RequestBody } from './request/request-body.ts'
import { MessageBody } from '../http/connection/message-body.ts'
import { HeadReader, type ResponseHead } from './message/response-head.ts'
import { Sending } from '../http/connection/sending.ts'

/** The most interim responses (1xx) before a final one. */
const MAX_INTERIM = 20

/**
 * How long, in ms, a response may still come when the request could not be sent in full; and how long the connection
 * may take to swallow the rest of a request that was answered already.
 */
export const UPLOAD_GRACE = 5000

/** A request, ready to be sent. */
export interface Outgoing {
  readonly method: string
  /** Request line and fields. */
  readonly head: Uint8Array
  readonly body: RequestBody | undefined
}

/** A response whose head has arrived. */
export interface Incoming {
  readonly head: ResponseHead
  readonly body: MessageBody
  /** False where there can be no body: HEAD, 204, 205, 304. */
  readonly hasBody: boolean
}

/** What an exchange needs beside its connection. */
export interface ExchangeContext {
  readonly clock: Clock
  /** The exchange is over and the connection may serve another one. */
  readonly onFree: (head: ResponseHead) => void
}

/**
 * Sends a request and waits for the head of its final response. The connection is closed unless `onFree` gets it.
 *
 * @throws TypeError whose cause is an {@link HttpError} or what befell the connection or the request's body
 */
export async function exchange(
  connection: Connection,
  request: Outgoing,
  { clock, onFree }: ExchangeContext,
): Promise<Incoming> {
  connection.begin()
  const upload = new Sending(connection, request.head, request.body, 'request')
  let isOver = false
  let stopGrace: (() => void) | undefined
  const end = (): void => {
    isOver = true
    stopGrace?.()
  }
  void upload.settled.then(() => {
    const { failure } = upload
    if (failure?.of === 'body') connection.close(failure.error)
    // What the far end has to say about it may be under way.
    else if (failure !== undefined && !isOver)
      stopGrace = startTimer(clock, UPLOAD_GRACE, () => connection.close(failure.error))
  })
  try {
    const head = await finalHead(connection)
    const framing = framingOf(head, request.method)
    const over = (complete: boolean, reason: unknown): void => {
      end()
      const isClean = complete && connection.input.at === connection.input.bytes.length && allowsReuse(head, framing)
      if (isClean && upload.isHandedOver) return afterUpload(connection, upload, clock, () => onFree(head))
      upload.cancel(reason)
      connection.close(reason)
    }
    const body = new MessageBody({
      of: 'response',
      connection,
      decoder: decoderFor(framing, 'response'),
      onOver: over,
      failureOf: fetchFailure,
    })
    const hasBody = framing.kind !== 'none' && head.status !== 205
    if (!hasBody) body.discard()
    return { head, body, hasBody }
  } catch (error) {
    end()
    upload.cancel(error)
    connection.close(error)
    if (upload.failure?.of === 'body') throw fetchFailure(upload.failure.error, 'the request body failed')
    throw fetchFailure(error)
  }
}

/** Reads heads until one is no interim response. */
async function finalHead(connection: Connection): Promise<ResponseHead> {
  for (let count = 0; count <= MAX_INTERIM; count++) {
    const head = await nextHead(connection)
    if (head.status === 101) throw new HttpError('HTTP_PROTOCOL', 'the far end changed the protocol')
    if (head.status >= 200) return head
  }
  throw new HttpError('HTTP_TOO_LARGE', 'the response does not come for interim ones')
}

async function nextHead(connection: Connection): Promise<ResponseHead> {
  const reader = new HeadReader()
  for (;;) {
    const head = reader.read(connection.input)
    if (head !== undefined) return head
    if (await connection.fill()) continue
    if (!connection.heard) throw new HttpError('HTTP_NO_RESPONSE', 'the connection ended before a response')
    throw new HttpError('HTTP_TRUNCATED', 'the head of the response was cut short')
  }
}

/** The response is complete: the connection is free as soon as it took the rest of the request. */
function afterUpload(connection: Connection, upload: Sending, clock: Clock, onFree: () => void): void {
  if (upload.state === 'sent') return onFree()
  const stopTimer = startBackgroundTimer(clock, UPLOAD_GRACE, () => connection.close())
  void upload.settled.then(() => {
    stopTimer()
    if (upload.state === 'sent' && !connection.isClosed) onFree()
    else connection.close()
  })
}
