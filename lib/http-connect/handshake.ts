/**
 * The server's side of an HTTP proxy's handshake, without any I/O: CONNECT (RFC 9110, "CONNECT"; proposal 365), and for
 * `http:` requests that are for the proxy to make.
 *
 * @module
 */
import { ByteCollector } from '../base/byte-collector.ts'
import { joinBytes } from '../base/join-bytes.ts'
import type { ProxyAddress } from '../proxy/connect.ts'
import { isolationToken } from '../proxy/credentials.ts'
import { NO_BYTES, type ConnectRequest, type HandshakeStep, type ProxyHandshake } from '../proxy/handshake.ts'
import { proxyHost } from '../proxy/text.ts'
import { absoluteTarget, forwardRequest } from './forward-request.ts'
import { endOfHead, LONGEST_HEAD, parseHead, type RequestHead } from './request-head.ts'
import { CONNECTED, failed, OPTIONS, plain, USE_CONNECT } from './responses.ts'

/** The fields that tell activities apart, in the order in which they make the token. */
const ISOLATION_FIELDS = ['proxy-authorization', 'tor-stream-isolation', 'x-tor-stream-isolation'] as const

const BAD_REQUEST = plain(400, 'The proxy cannot understand this request.')
const TOO_LARGE = plain(431, `The proxy reads request heads of up to ${LONGEST_HEAD} bytes.`)
const NO_RPC = plain(501, 'The proxy has no RPC objects.')

/** One HTTP CONNECT handshake. */
export class HttpConnectHandshake implements ProxyHandshake {
  /** The beginning of a head, of no more bytes than the longest has. */
  #pending = new ByteCollector()

  take(bytes: Uint8Array): HandshakeStep {
    const before = this.#pending.length
    this.#pending.add(bytes.subarray(0, LONGEST_HEAD - before))
    const all = this.#pending.bytes
    const end = endOfHead(all, before)
    if (end === undefined && all.length < LONGEST_HEAD) return { type: 'more', reply: NO_BYTES }
    this.#pending = new ByteCollector()
    if (end === undefined) return refused(TOO_LARGE)
    const head = parseHead(all.subarray(0, end))
    if (!head) return refused(BAD_REQUEST)
    const rest = bytes.subarray(end - before)
    if (head.method === 'CONNECT') return tunnelFor(head, rest)
    const target = absoluteTarget(head.target)
    return target ? forwardFor(head, target, rest) : refused(answerOf(head))
  }
}

const refused = (reply: Uint8Array): HandshakeStep => ({ type: 'refused', reply, warning: undefined })

function tunnelFor({ target, fields }: RequestHead, rest: Uint8Array): HandshakeStep {
  const address = authority(target)
  const length = fields.get('content-length') ?? ['0']
  // With a body it would not be clear where the tunnel begins.
  if (!address || fields.has('transfer-encoding') || length.some((each) => each !== '0')) return refused(BAD_REQUEST)
  return requestFor(fields, rest, { address, granted: CONNECTED })
}

function forwardFor(
  head: RequestHead,
  { authority: text, path }: { readonly authority: string; readonly path: string },
  rest: Uint8Array,
): HandshakeStep {
  const address = authority(/:\d*$/.test(text.replace(/^\[.*\]/, '')) ? text : `${text}:80`)
  const forward = address && forwardRequest(head, address, path)
  if (!address || !forward) return refused(BAD_REQUEST)
  const { body } = forward
  let begun: Uint8Array
  try {
    begun = body.take(rest)
  } catch {
    return refused(BAD_REQUEST) // what it says is chunked is not
  }
  return requestFor(head.fields, joinBytes([forward.head, begun]), { address, granted: NO_BYTES, body })
}

/** The request for a stream, with the isolation that the fields ask for. */
function requestFor(
  fields: RequestHead['fields'],
  rest: Uint8Array,
  request: Pick<ConnectRequest, 'address' | 'granted' | 'body'>,
): HandshakeStep {
  if (fields.has('tor-rpc-target')) return refused(NO_RPC)
  const values = ISOLATION_FIELDS.map((name) => fields.get(name))
  if (values.some((each) => each !== undefined && each.length > 1)) return refused(BAD_REQUEST)
  const isolation = values.every((each) => each === undefined)
    ? undefined
    : isolationToken('http', ...values.map((each) => each?.[0]))
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
  if (!(fields.get('host') ?? []).every(isThisMachine)) return NO_BYTES
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
