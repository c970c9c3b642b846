/**
 * HTTP/1.0 as directory servers speak it over a BEGIN_DIR stream (dir-spec, "HTTP headers"): one request, one answer,
 * the end.
 *
 * @module
 */
import { inSequence, silence } from './byte-sources.ts'
import type { ByteSource } from './byte-sources.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { textBytes } from './document-text.ts'
import type { ExitConnection } from '../exit/exit.ts'

/** A request as it came. */
export interface HttpRequest {
  /** `GET`, and whatever else a client may send. */
  readonly method: string
  /** Beginning with a slash, undecoded. */
  readonly path: string
  /** By name, in lower case; a name that came twice has the last value. */
  readonly headers: ReadonlyMap<string, string>
  /** As much as `Content-Length` says; 65,536 bytes at most. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** An answer: a status, headers as they shall stand, and a body. Nothing is added to it. */
export interface DirectoryResponse {
  /** 200 and the like. */
  readonly status: number
  /** By name. `Content-Length` too is the answerer's to say, rightly or wrongly. */
  readonly headers?: Readonly<Record<string, string>>
  /** What follows the headers; nothing by default. */
  readonly body?: ByteSource
}

/** In place of an answer: any bytes, which need not be HTTP. */
export interface RawAnswer {
  /** Sent as it is, header and all. */
  readonly raw: ByteSource
}

/** How a request is answered. */
export type DirectoryAnswer = DirectoryResponse | RawAnswer

/** No request has a longer head, or a longer body. */
const MAX_HEAD = 65_536
const MAX_BODY = 65_536

const END_OF_HEAD = '\r\n\r\n'

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  304: 'Not modified',
  400: 'Bad request',
  404: 'Not found',
  503: 'Directory busy, try again later',
}

/** Nothing ever comes. */
export const noAnswer = (): RawAnswer => ({ raw: silence() })

/**
 * The destination of a BEGIN_DIR: reads one request and sends what `answer` makes of it. What it throws fails the
 * stream.
 */
export function httpConnection(
  answer: (request: HttpRequest) => DirectoryAnswer | Promise<DirectoryAnswer>,
): ExitConnection {
  let over = false
  let head: Uint8Array | undefined = new Uint8Array(0)
  let settle: (answered: DirectoryAnswer | Promise<DirectoryAnswer>) => void = () => undefined
  const body = new Promise<DirectoryAnswer>((resolve) => (settle = resolve)).then((answered) =>
    bytesOf(answered).getReader(),
  )
  body.catch(() => undefined) // the readable says so when it is read; it may not be any more

  const finish = (): void => {
    // The client is gone, perhaps before it asked anything.
    head = undefined
    settle({ raw: new Uint8Array(0) })
  }
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      if (head === undefined) return
      head = joinBytes([head, chunk])
      const text = new TextDecoder('latin1').decode(head)
      const end = text.indexOf(END_OF_HEAD)
      if (end === -1 && head.length < MAX_HEAD) return
      const from = end + END_OF_HEAD.length
      const length = Number(/\r\ncontent-length: (\d{1,5})\r\n/i.exec(text.slice(0, from))?.[1] ?? 0)
      if (end !== -1 && length <= MAX_BODY && head.length < from + length) return
      const content = head.slice(from, from + length)
      head = undefined
      const request = end === -1 ? undefined : parseRequest(text.slice(0, end), content)
      settle(request === undefined ? { status: 400 } : Promise.resolve(request).then(answer))
    },
    close: finish,
    abort: finish,
  })
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (await body).read()
        if (over) return
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel(reason) {
        over = true
        finish()
        body.then((reader) => reader.cancel(reason)).catch(() => undefined) // an answer that is given up fails nobody
      },
    },
    { highWaterMark: 0 },
  )
  return { readable, writable }
}

function parseRequest(head: string, body: Uint8Array<ArrayBuffer>): HttpRequest | undefined {
  const [first = '', ...lines] = head.split('\r\n')
  const match = /^([A-Z]+) (\/\S*) HTTP\/1\.\d$/.exec(first)
  if (match === null) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method: match[1] as string, path: match[2] as string, headers, body }
}

function bytesOf(answer: DirectoryAnswer): ReadableStream<Uint8Array> {
  if ('raw' in answer) return inSequence([answer.raw])
  const { status, headers = {}, body = new Uint8Array(0) } = answer
  const lines = [
    `HTTP/1.0 ${status} ${REASONS[status] ?? 'Unknown'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  const head = textBytes(`${lines.join('\r\n')}\r\n\r\n`)
  return body instanceof Uint8Array ? inSequence([joinBytes([head, body])]) : inSequence([head, body])
}
