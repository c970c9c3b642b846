/**
 * What an HTTP CONNECT proxy answers (proposal 365; C tor's `end_reason_to_http_connect_response_line`).
 *
 * @module
 */
import { asciiBytes } from '../cell/bytes.ts'
import type { ErrorCode } from '../base/errors.ts'
import { failureCode } from '../proxy/failure.ts'

const VIA = 'Via: tor/1.0 tor-network (tor-streams)'
const SERVER = 'Server: tor/1.0 (tor-streams)'

/** The fields of a request that mean something here, for `Tor-Capabilities`. */
const CAPABILITIES = 'Proxy-Authorization Tor-Stream-Isolation X-Tor-Stream-Isolation'

const REASON_PHRASES = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
} as const

/** A status that the proxy uses. */
export type ProxyStatus = keyof typeof REASON_PHRASES

/**
 * The status for each failure that has one of its own; 502 for other ends of streams and for links and circuits, else
 * 500.
 */
const STATUS_OF_FAILURE: Readonly<Partial<Record<ErrorCode, ProxyStatus>>> = {
  END_MISC: 500,
  END_RESOLVEFAILED: 503,
  END_NOROUTE: 503,
  END_CONNECTREFUSED: 403,
  END_EXITPOLICY: 403,
  END_CONNRESET: 403,
  END_TIMEOUT: 504,
  END_NOTDIRECTORY: 500,
  END_OTHER: 500,
  ADDRESS_REFUSED: 403,
  TIMEOUT: 504,
  CIRCUIT_TIMEOUT: 504,
  LINK_TIMEOUT: 504,
  NO_PATH: 503,
  ABORTED: 502,
  CLOSED: 502,
}

/** The status for a failed `connect`: 400 where it took the address for none. */
export function statusOfFailure(error: unknown): ProxyStatus {
  const code = failureCode(error)
  if (code === undefined) return error instanceof TypeError || error instanceof RangeError ? 400 : 500
  if (Object.hasOwn(STATUS_OF_FAILURE, code)) return STATUS_OF_FAILURE[code as ErrorCode] as ProxyStatus
  return /^(END|LINK|CIRCUIT)_/.test(code) ? 502 : 500
}

/** What went wrong in words for machines: the far end's END reason, and this library's code. */
function requestFailed(error: unknown): string[] {
  const code = failureCode(error)
  if (code === undefined) return []
  const reason = code.startsWith('END_') ? [`end/${code.slice('END_'.length)}`] : []
  return [`Tor-Request-Failed: ${[...reason, `tor-streams/${code}`].join(' ')}`]
}

/** The stream is open: what follows is the stream. */
export const CONNECTED: Uint8Array<ArrayBuffer> = head(200, [`Tor-Capabilities: ${CAPABILITIES}`, VIA])

/** What the proxy can do. */
export const OPTIONS: Uint8Array<ArrayBuffer> = plain(200, '', ['Allow: OPTIONS, CONNECT'])

/** For whatever is neither CONNECT nor OPTIONS nor for the proxy to make. */
export const USE_CONNECT: Uint8Array<ArrayBuffer> = plain(
  405,
  'This proxy makes requests for http: addresses, and opens tunnels for all others: use the method CONNECT.',
  ['Allow: OPTIONS, CONNECT'],
)

/** A stream that could not be opened. */
export function failed(error: unknown): Uint8Array {
  const status = statusOfFailure(error)
  return plain(
    status,
    `The proxy could not reach the server (${failureCode(error) ?? 'no reason given'}).`,
    requestFailed(error),
    VIA,
  )
}

/** An answer after which the connection closes. */
export function plain(
  status: ProxyStatus,
  text: string,
  fields: readonly string[] = [],
  by: string = SERVER,
): Uint8Array<ArrayBuffer> {
  const body = text === '' ? '' : `${text}\r\n`
  const type = text === '' ? [] : ['Content-Type: text/plain; charset=us-ascii']
  const standing = [
    `Tor-Capabilities: ${CAPABILITIES}`,
    by,
    ...type,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return head(status, [...fields, ...standing], body)
}

function head(status: ProxyStatus, fields: readonly string[], body = ''): Uint8Array<ArrayBuffer> {
  return asciiBytes([`HTTP/1.1 ${status} ${REASON_PHRASES[status]}`, ...fields, '', body].join('\r\n'))
}
