/**
 * A request that is for the proxy to make (RFC 9110, "Message Forwarding"; RFC 9112, "absolute-form"): `GET
 * http://host/path`. Only clients that were told to use a proxy send such a target: a page that tries the ports of its
 * user's machine cannot, which is how the two are told apart.
 *
 * One request a connection: the server is asked to close, so that its answer goes to the client as it is, and what comes
 * behind the request's body goes nowhere. No `Via` is added: it would tell the server that there is a proxy.
 *
 * @module
 */
import { joinBytes } from '../base/bytes/join-bytes.ts'
import { asciiBytes } from '../cell/bytes.ts'
import { decoderFor } from '../http/body/framed-decoders.ts'
import { declaredFraming } from '../http/body/framing.ts'
import { listOf } from '../http/message/field-line.ts'
import type { RequestHead } from '../http/message/request-head.ts'
import type { ProxyAddress } from '../proxy/connect.ts'
import type { RequestBody } from '../proxy/handshake.ts'
import { latin1Bytes } from '../proxy/text.ts'

/** What goes to the server first, and what of the bytes behind the head goes there too. */
export interface ForwardRequest {
  readonly head: Uint8Array
  readonly body: RequestBody
}

/** The fields that are for this connection alone (RFC 9110, section 7.6.1), and those that are for this proxy. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'tor-stream-isolation',
  'trailer',
  'upgrade',
  'x-tor-stream-isolation',
])

/** What a `Connection` may not name: without them nobody would know where the request ends, or for whom it is. */
const LASTING_FIELDS: ReadonlySet<string> = new Set(['content-length', 'host', 'transfer-encoding'])

/** A port may be there and empty: then it is that of the scheme (RFC 3986, section 3.2.3). */
const ABSOLUTE = /^http:\/\/([^/?#@]+?):?((?:[/?][^#]*)?)$/i

/**
 * The parts of an absolute target, without a port that is empty; undefined for one with user information or a fragment,
 * and for other schemes. The path, with its query, is empty only if both are.
 */
export function absoluteTarget(target: string): { readonly authority: string; readonly path: string } | undefined {
  const match = ABSOLUTE.exec(target)
  if (!match) return undefined
  const [, authority = '', path = ''] = match
  return { authority, path: path.startsWith('?') ? `/${path}` : path }
}

/**
 * The request as it goes to `address`; undefined when its `Connection` names what it may not.
 *
 * @throws HttpError `HTTP_FRAMING` when it does not say for certain where its body ends
 */
export function forwardRequest(head: RequestHead, address: ProxyAddress, path: string): ForwardRequest | undefined {
  const { fields, names, minor } = head
  const named = listOf(fields, 'connection')
  if (named.some((name) => LASTING_FIELDS.has(name))) return undefined
  const body = bodyBytes(declaredFraming(head, 'request'))
  const { hostname, port } = address
  const host = `${hostname.includes(':') ? `[${hostname}]` : hostname}${port === 80 ? '' : `:${port}`}`
  const kept = fields
    .map(([name, value], at) => ({ name, line: `${names[at] ?? name}: ${value}` }))
    .filter(({ name }) => !OWN_FIELDS.has(name) && !named.includes(name))
  // For the whole server only if there is neither path nor query (RFC 9112, section 3.2.4).
  const target = path === '' ? (head.method === 'OPTIONS' ? '*' : '/') : path
  const text = [
    `${head.method} ${target} HTTP/1.${minor}`,
    `Host: ${host}`,
    ...kept.map(({ line }) => line),
    'Connection: close',
  ]
  return { head: joinBytes([latin1Bytes(text.join('\r\n')), asciiBytes('\r\n\r\n')]), body }
}

/** Lets the bytes of the body through as they are, and none behind them. */
function bodyBytes(framing: Parameters<typeof decoderFor>[0]): RequestBody {
  const decoder = decoderFor(framing, 'request')
  return {
    take(bytes) {
      const input = { bytes, at: 0 }
      while (!decoder.done && input.at < bytes.length) decoder.take(input)
      return bytes.subarray(0, input.at)
    },
  }
}
