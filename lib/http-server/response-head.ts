/**
 * The head of a response, and how its body is delimited (RFC 9112, sections 4 and 6).
 *
 * Nothing goes out by itself but what delimits the body and, at the end, `Connection: close`: no Date, which would tell how
 * the service's clock is set, and no Server.
 *
 * @module
 */
import { joinBytes } from '../base/bytes/join-bytes.ts'
import { TOKEN, type Field } from '../http/message/field-line.ts'
import { encodeLatin1 } from '../http/message/latin1.ts'

/** Fields that are for the connection or the framing: the handler's are left out. */
const OURS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the answer depends on. */
export interface Answering {
  /** Of the request. */
  readonly method: string
  /** The minor version of the request's HTTP. */
  readonly minor: number
  /** No other request follows. */
  readonly isLast: boolean
}

/** A response, ready to be sent. */
export interface EncodedResponse {
  readonly head: Uint8Array
  /** How the body goes out; undefined where there is none. */
  readonly body: { readonly length: number | undefined; readonly endsWithConnection: boolean } | undefined
}

/**
 * Writes the head for what a handler gave.
 *
 * @throws TypeError for a status below 200 or above 999, and for a Content-Length that is no number
 */
export function encodeResponse(response: Response, { method, minor, isLast }: Answering): EncodedResponse {
  const { status, statusText, headers } = response
  if (!(status >= 200 && status <= 999)) throw new TypeError('Cannot send the response as it has no final status')
  const fields: Field[] = []
  headers.forEach((value, name) => {
    if (!OURS.has(name) && name !== 'set-cookie' && TOKEN.test(name)) fields.push([name, value])
  })
  for (const cookie of headers.getSetCookie()) fields.push(['set-cookie', cookie])
  const length = lengthOf(headers)
  const mayHaveBody = status !== 204 && status !== 205 && status !== 304
  const hasBody = mayHaveBody && method !== 'HEAD' && response.body !== null
  const isChunked = hasBody && length === undefined && minor === 1
  if (isChunked) fields.push(['transfer-encoding', 'chunked'])
  else if (hasBody || method === 'HEAD' || status === 304) {
    if (length !== undefined && status !== 204) fields.push(['content-length', String(length)])
  } else if (status !== 204) fields.push(['content-length', '0'])
  if (isLast) fields.push(['connection', 'close'])
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
  return {
    head: encodeLatin1(`HTTP/1.1 ${status} ${statusText}\r\n${lines.join('')}\r\n`),
    body: hasBody ? { length, endsWithConnection: !isChunked && length === undefined } : undefined,
  }
}

/** What the handler says of the length. */
function lengthOf(headers: Headers): number | undefined {
  const text = headers.get('content-length')
  if (text === null) return undefined
  const length = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(length))
    throw new TypeError('Cannot send the response as its Content-Length is none')
  return length
}

const REASONS = {
  400: 'Bad Request',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
} as const

/** A status that the server answers by itself. */
export type OwnStatus = keyof typeof REASONS

/** The server's own answer: its status in words, and nothing of why. */
export function ownResponse(status: OwnStatus): Response {
  const statusText = REASONS[status]
  const headers = { 'content-type': 'text/plain;charset=utf-8', 'content-length': String(statusText.length + 1) }
  return new Response(`${statusText}\n`, { status, statusText, headers })
}

/** The same in bytes, where nothing follows. */
export function lastWords(status: OwnStatus): Uint8Array {
  const { head } = encodeResponse(ownResponse(status), { method: 'GET', minor: 1, isLast: true })
  return joinBytes([head, encodeLatin1(`${REASONS[status]}\n`)])
}
