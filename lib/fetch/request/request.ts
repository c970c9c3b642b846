/**
 * What `fetch(input, init)` was asked for, read in the same way in every runtime: their Request classes differ in what
 * they refuse and rewrite (methods, field names, credentials).
 *
 * @module
 */
import { TOKEN, type Field } from '../message/field-line.ts'
import { extractBody, takeRequestBody, type RequestBody } from './request-body.ts'
import type { IsolationToken } from '../connection/socket.ts'
import { readTarget } from './target.ts'

/** What a fetch may be told beside the standard's members. */
export interface FetchInit extends RequestInit {
  /** Connections are shared only among fetches with the same token; `connect` gets it too. */
  readonly isolation?: IsolationToken
  /** `'half'` beside a body that is a stream, as the standard asks. */
  readonly duplex?: 'half'
}

/** A request, read and checked. */
export interface FetchRequest {
  readonly url: URL
  /** Normalized: `get` is `GET`, `patch` stays `patch`. */
  readonly method: string
  /** The caller's fields. */
  readonly fields: readonly Field[]
  readonly body: RequestBody | undefined
  readonly redirect: RequestRedirect
  readonly signal: AbortSignal | undefined
  readonly isolation: IsolationToken | undefined
}

const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK']
const REDIRECTS = ['follow', 'error', 'manual']

/**
 * Reads the arguments of a fetch. A stream is locked at once; a Request's own short body is read.
 *
 * @throws TypeError as the Fetch standard has it, and for `integrity`, which is not checked here
 */
export async function readRequest(input: string | URL | Request, options?: FetchInit | null): Promise<FetchRequest> {
  const init = options ?? {}
  const request = isRequest(input) ? input : undefined
  const url = readTarget(isRequest(input) ? input.url : String(input))
  const method = readMethod(init.method ?? request?.method ?? 'GET')
  const redirect = init.redirect ?? request?.redirect ?? 'follow'
  if (!REDIRECTS.includes(redirect))
    throw new TypeError("Cannot use the option redirect as it is neither 'follow' nor 'error' nor 'manual'")
  if (init.integrity ?? request?.integrity)
    throw new TypeError('Cannot use the option integrity as it is not checked here')
  const signal = (init.signal === undefined ? request?.signal : init.signal) ?? undefined
  if (signal !== undefined && typeof signal.aborted !== 'boolean')
    throw new TypeError('Cannot use the option signal as it is no AbortSignal')
  const headers = new Headers(init.headers ?? request?.headers)
  const given = init.body ?? undefined
  if (given !== undefined && (method === 'GET' || method === 'HEAD'))
    throw new TypeError(`Cannot send a body with ${method}`)
  if (request?.bodyUsed === true && given === undefined)
    throw new TypeError('Cannot send a Request whose body was used')
  const body =
    given === undefined ? request && (await takeRequestBody(request, signal)) : extractBody(given, init.duplex)
  if (body?.type !== undefined && !headers.has('content-type')) headers.set('content-type', body.type)
  const fields: Field[] = []
  headers.forEach((value, name) => fields.push([name.toLowerCase(), value]))
  fields.sort(([a], [b]) => (a < b ? -1 : 1)) // as the standard has it; Bun has an order of its own
  return { url, method, fields, body, redirect, signal, isolation: init.isolation }
}

/** A Request of any realm. */
function isRequest(input: unknown): input is Request {
  if (typeof Request === 'function' && input instanceof Request) return true
  return Object.prototype.toString.call(input) === '[object Request]'
}

function readMethod(method: string): string {
  if (!TOKEN.test(method)) throw new TypeError('Cannot use the method as it is no token')
  const upper = method.toUpperCase()
  if (FORBIDDEN.includes(upper)) throw new TypeError(`Cannot use the method ${upper}`)
  return NORMALIZED.includes(upper) ? upper : method
}
