/**
 * The server's side of an HTTP proxy's handshake, without any I/O: CONNECT (RFC 9110, "CONNECT"; proposal 365), and for
 * `http:` requests that are for the proxy to make.
 *
 * @module
 */
import { joinBytes } from '../base/bytes/join-bytes.ts'
import type { ProxyAddress } from '../proxy/connect.ts'
import { isolationToken } from '../proxy/credentials.ts'
import { NO_BYTES, type ConnectRequest, type HandshakeStep, type ProxyHandshake } from '../proxy/handshake.ts'
import { proxyHost } from '../proxy/text.ts'
import { valuesOf, type Field } from '../http/message/field-line.ts'
import { HttpError } from '../http/message/http-error.ts'
import { RequestHeadReader, type RequestHead } from '../http/message/request-head.ts'
import { absoluteTarget, forwardRequest } from './forward-request.ts'
import { CONNECTED, failed, OPTIONS, plain, USE_CONNECT } from './responses.ts'

/** The longest head that is read, in bytes; as in C tor. */
const LONGEST_HEAD = 8192

/** The fields that tell activities apart, in the order in which they make the token. */
const ISOLATION_FIELDS = ['proxy-authorization', 'tor-stream-isolation', 'x-tor-stream-isolation'] as const

const BAD_REQUEST = plain(400, 'The proxy cannot understand this request.')
const TOO_LARGE = plain(431, `The proxy reads request heads of up to ${LONGEST_HEAD} bytes.`)
const NO_RPC = plain(501, 'The proxy has no RPC objects.')

/** One HTTP CONNECT handshake. */
export class HttpConnectHandshake implements ProxyHandshake {
  readonly #reader = new RequestHeadReader(LONGEST_HEAD)

  take(bytes: Uint8Array): HandshakeStep {
    const input = { bytes, at: 0 }
    try {
      const head = this.#reader.read(input)
      if (head === undefined) return { type: 'more', reply: NO_BYTES }
      const rest = bytes.subarray(input.at)
      if (head.method === 'CONNECT') return tunnelFor(head, rest)
      const target = absoluteTarget(head.target)
      return target ? forwardFor(head, target, rest) : refused(answerOf(head))
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      return refused(error.code === 'HTTP_TOO_LARGE' ? TOO_LARGE : BAD_REQUEST)
    }
  }
}

const refused = (reply: Uint8Array): HandshakeStep => ({ type: 'refused', reply, warning: undefined })

function tunnelFor({ target, fields }: RequestHead, rest: Uint8Array): HandshakeStep {
  const address = authority(target)
  // With a body it would not be clear where the tunnel begins.
  if (!address || fields.some(isBody)) return refused(BAD_REQUEST)
  return requestFor(fields, rest, { address, granted: CONNECTED })
}

/** True for a field that says that there is a body. */
const isBody = ([name, value]: Field): boolean =>
  name === 'transfer-encoding' || (name === 'content-length' && value !== '0')

function forwardFor(
  head: RequestHead,
  { authority: text, path }: { readonly authority: string; readonly path: string },
  rest: Uint8Array,
): HandshakeStep {
  const address = authority(/:\d*$/.test(text.replace(/^\[.*\]/, '')) ? text : `${text}:80`)
  const forward = address && forwardRequest(head, address, path)
  if (!address || !forward) return refused(BAD_REQUEST)
  const { body } = forward
  return requestFor(head.fields, joinBytes([forward.head, body.take(rest)]), { address, granted: NO_BYTES, body })
}

/** The request for a stream, with the isolation that the fields ask for. */
function requestFor(
  fields: RequestHead['fields'],
  rest: Uint8Array,
  request: Pick<ConnectRequest, 'address' | 'granted' | 'body'>,
): HandshakeStep {
  if (valuesOf(fields, 'tor-rpc-target').length > 0) return refused(NO_RPC)
  const values = ISOLATION_FIELDS.map((name) => valuesOf(fields, name))
  if (values.some((each) => each.length > 1)) return refused(BAD_REQUEST)
  const isolation = values.every((each) => each.length === 0)
    ? undefined
    : isolationToken('http', ...values.map((each) => each[0]))
  return {
    type: 'request',
    reply: NO_BYTES,
    request: { command: 'connect', isolation, failed, ...request },
    rest,
    warning: undefined,
  }
}

/**
 * The answer to anything else. None at all for a page in a browser that has its own name resolve to this address
 * ("DNS rebinding"): such a request names a host that is not this one, and is to learn nothing.
 */
function answerOf({ method, target, fields }: RequestHead): Uint8Array {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return USE_CONNECT
  if (!valuesOf(fields, 'host').every(isThisMachine)) return NO_BYTES
  return method === 'OPTIONS' ? OPTIONS : USE_CONNECT
}

const isThisMachine = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)

/** `host:port` or `[IPv6]:port`; undefined for anything else. */
function authority(target: string): ProxyAddress | undefined {
  const match = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(target)
  const hostname = proxyHost(match?.[1] ?? '')
  const port = Number(match?.[2])
  return hostname === undefined || !(port >= 1 && port <= 65_535) ? undefined : { hostname, port }
}
