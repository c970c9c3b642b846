/**
 * The head of a request, the same in every runtime: whoever sees it learns no more than that it is from this library.
 *
 * What goes out by itself is Host, Accept, Accept-Encoding and, beside a body, its length or its transfer coding. There
 * is no User-Agent: any fixed text names this library or lies, and the runtime's own names the runtime and often its
 * version. Some servers refuse a request without one; then the caller chooses, as for every field that is not about the
 * connection. There is no Accept-Language, no Referer and no Cookie. Accept-Encoding names what every runtime decodes,
 * so that it tells none from another.
 *
 * @module
 */
import type { Field } from '../../http/message/field-line.ts'
import { encodeLatin1 } from '../../http/message/latin1.ts'
import type { RequestBody } from './request-body.ts'

/**
 * What is sent for Accept-Encoding, except beside a Range: a part of a compressed body could not be decoded, so
 * `identity` is.
 */
export const ACCEPT_ENCODING = 'gzip, deflate'

/**
 * Fields that belong to the connection or the framing (forbidden by the Fetch standard too): the caller's are left out,
 * silently.
 */
const OURS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
])

/** What a head is made of. */
export interface HeadParts {
  readonly url: URL
  readonly method: string
  readonly fields: readonly Field[]
  readonly body: RequestBody | undefined
  /** Tell the far end that no other request will follow. */
  readonly isLast: boolean
}

/**
 * Request line and fields in bytes (RFC 9112, section 3).
 *
 * @throws TypeError for a field with a line end, a NUL or a character above U+00FF
 */
export function encodeRequestHead({ url, method, fields, body, isLast }: HeadParts): Uint8Array<ArrayBuffer> {
  const given = fields.filter(([name]) => !OURS.has(name))
  const has = (name: string): boolean => given.some((field) => field[0] === name)
  const all: Field[] = []
  if (!has('host')) all.push(['host', url.host])
  if (!has('accept')) all.push(['accept', '*/*'])
  all.push(['accept-encoding', has('range') ? 'identity' : ACCEPT_ENCODING], ...given, ...framingFields(method, body))
  if (isLast) all.push(['connection', 'close'])
  all.sort(hostFirst)
  const lines = all.map(([name, value]) => {
    if (/[\0\r\n]/.test(value)) throw new TypeError(`Cannot send the field ${name} as it has a line end or a NUL`)
    return `${capitalized(name)}: ${value}\r\n`
  })
  return encodeLatin1(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`)
}

/** How the body is delimited. Without a body POST and PUT say that there is none, as the Fetch standard has it. */
function framingFields(method: string, body: RequestBody | undefined): Field[] {
  if (body === undefined) return method === 'POST' || method === 'PUT' ? [['content-length', '0']] : []
  return body.length === undefined ? [['transfer-encoding', 'chunked']] : [['content-length', String(body.length)]]
}

const hostFirst = (a: Field, b: Field): number => Number(b[0] === 'host') - Number(a[0] === 'host')

/** Each word with a capital, as browsers write most fields: Headers has lost how the caller did. */
const capitalized = (name: string): string => name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase())
