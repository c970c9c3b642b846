/**
 * A Request of the runtime for what a visitor asked.
 *
 * The fields are a plain Headers in every runtime: those of a Request drop what a page's script may not send in a browser
 * (Cookie, Host, Origin), which is what a server is asked about. Where a Request can have no stream for a body (Firefox, WebKit) what
 * reads the body is taken from a Response of the same stream.
 *
 * @module
 */
import { valuesOf, type Field } from '../http/message/field-line.ts'
import { HttpError } from '../http/message/http-error.ts'
import type { RequestHead } from '../http/message/request-head.ts'

/** What a Request is made of. */
export interface RequestParts {
  readonly url: URL
  readonly method: string
  readonly fields: readonly Field[]
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined
  /** Aborts when the visitor has gone. */
  readonly signal: AbortSignal
}

/** A host as it stands in a URL (RFC 3986, section 3.2.2), without the escapes that no name in use has. */
const AUTHORITY = /^(?:[a-z0-9_](?:[a-z0-9._-]*)|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i

/**
 * What the request is for (RFC 9112, sections 3.2 and 3.3). A host or target that could be read in two ways is refused.
 *
 * @param ownHost - what HTTP/1.0 without Host asks
 * @throws HttpError `HTTP_MALFORMED`
 */
export function targetOf({ method, target, minor, fields }: RequestHead, ownHost: string): URL {
  const hosts = valuesOf(fields, 'host')
  if (hosts.length > 1 || (hosts.length === 0 && minor === 1)) throw malformed('has no single host')
  const absolute = ABSOLUTE.exec(target)
  const authority = absolute?.[1] ?? hosts[0] ?? ownHost
  const path = absolute?.[2] ?? (target === '*' && method === 'OPTIONS' ? '/' : target)
  if (!AUTHORITY.test(authority) || (hosts[0] !== undefined && !AUTHORITY.test(hosts[0])))
    throw malformed('has no valid host')
  if (path.includes('#') || (absolute === null && !path.startsWith('/'))) throw malformed('has no valid target')
  try {
    return new URL(`http://${authority}${path}`)
  } catch {
    throw malformed('has no valid host') // such as a port of 70000
  }
}

const malformed = (what: string): HttpError => new HttpError('HTTP_MALFORMED', `the request ${what}`)

/** Makes the Request. */
export function makeRequest({ url, method, fields, body, signal }: RequestParts): Request {
  const headers = new Headers()
  for (const [name, value] of fields) headers.append(name, value)
  const takesBody = body !== undefined && takesStreams()
  const init = { method, headers, signal, ...(takesBody && { body, duplex: 'half' }) }
  const carrier = body === undefined || takesBody ? undefined : carrierOf(body, headers)
  return describe(new Request(url, init), headers, carrier)
}

/** What has the body where a Request cannot. */
const carrierOf = (body: ReadableStream<Uint8Array<ArrayBuffer>>, headers: Headers): Response =>
  new Response(body, { headers: { 'content-type': headers.get('content-type') ?? '' } })

const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

/** Gives it the fields, and the body of `carrier`; its clones too. */
function describe(request: Request, headers: Headers, carrier: Response | undefined): Request {
  const own: PropertyDescriptorMap = {
    headers: { value: headers },
    clone: {
      value: () => describe(Request.prototype.clone.call(request), new Headers(headers), carrier?.clone()),
    },
  }
  if (carrier === undefined && request.body === undefined) own['body'] = { value: null } // Firefox
  if (carrier !== undefined) {
    own['body'] = { get: () => carrier.body }
    own['bodyUsed'] = { get: () => carrier.bodyUsed }
    for (const name of READERS) own[name] = { value: () => carrier[name]() }
  }
  return Object.defineProperties(request, own)
}

let streams: boolean | undefined

/** True where the body of a Request can be a stream. Tried once. */
function takesStreams(): boolean {
  if (streams === undefined) {
    let isAsked = false
    const init = {
      method: 'POST',
      body: new ReadableStream(),
      get duplex() {
        isAsked = true
        return 'half'
      },
    }
    try {
      const request = new Request('http://a.invalid/', init)
      // A stream taken for text brings the type of one.
      streams = isAsked && request.body !== undefined && !request.headers.has('content-type')
    } catch {
      streams = false // WebKit: "ReadableStream uploading is not supported"
    }
  }
  return streams
}
