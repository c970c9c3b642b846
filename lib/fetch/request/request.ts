/**
 * What `fetch(input, init)` was asked for, read in the same way in every runtime: their Request classes differ in what
 * they refuse and rewrite (methods, field names, credentials).
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { TOKEN, type Field } from '../../http/message/field-line.ts'
import { isRequest } from './foreign-body.ts'
import { extractBody, takeRequestBody, type RequestBody } from './request-body.ts'
import type { ExitCondition, IsolationToken } from '../connection/socket.ts'
import { readTarget } from './target.ts'

/** What a fetch may be told beside the standard's members. */
export interface FetchInit extends RequestInit {
  /** Connections are shared only among fetches with the same token; `connect` gets it too. */
  readonly isolation?: IsolationToken
  /** The condition on the exit, for a `connect` that chooses one. Connections are shared only under the same one. */
  readonly exit?: ExitCondition | undefined
  /** `'half'` beside a body that is a stream, as the standard asks. */
  readonly duplex?: 'half'
}

/** The members of the standard, with those of its neighbours that browsers have, and ours. */
const INIT_NAMES: OptionNames<FetchInit & StandardElsewhere & Repeated> = {
  attributionReporting: true,
  body: true,
  browsingTopics: true,
  cache: true,
  credentials: true,
  duplex: true,
  exit: true,
  headers: true,
  integrity: true,
  isolation: true,
  keepalive: true,
  method: true,
  mode: true,
  priority: true,
  privateToken: true,
  redirect: true,
  referrer: true,
  referrerPolicy: true,
  sharedStorageWritable: true,
  signal: true,
  targetAddressSpace: true,
  url: true,
  window: true,
}

/** Members of RequestInit by other standards, which TypeScript does not know. None has a meaning without a page. */
interface StandardElsewhere {
  readonly attributionReporting?: unknown
  readonly browsingTopics?: unknown
  readonly privateToken?: unknown
  readonly sharedStorageWritable?: unknown
  readonly targetAddressSpace?: unknown
}

/** What libraries leave in an init that stands for a Request of theirs. It may say again what is asked for, and no more. */
interface Repeated {
  readonly url?: string | URL
}

/** A request, read and checked. */
export interface FetchRequest {
  readonly url: URL
  /** Normalized: `get` is `GET`, `patch` stays `patch`. */
  readonly method: string
  /** The caller's fields. */
  readonly fields: readonly Field[]
  readonly body: RequestBody | undefined
  readonly redirect: 'error' | 'follow' | 'manual'
  readonly signal: AbortSignal | undefined
  readonly isolation: IsolationToken | undefined
  readonly exit: ExitCondition | undefined
}

const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK']
const REDIRECTS = ['follow', 'error', 'manual']

/**
 * Reads the arguments of a fetch. A stream is locked at once; a Request's own short body is read.
 *
 * @throws TypeError as the Fetch standard has it; for `integrity`, which is not checked here; and for a member of `init`
 * that neither the standard nor this fetch has, which the standard ignores: an `isolaton`, or another library's
 * `dispatcher`, `agent` or `proxy`, would be lost without a word
 */
export async function readRequest(input: string | URL | Request, options?: FetchInit | null): Promise<FetchRequest> {
  const init: FetchInit = options ?? {}
  checkInit(init)
  const request = isRequest(input) ? input : undefined
  const url = readTarget(isRequest(input) ? input.url : String(input))
  checkRepeated(init, url)
  const method = readMethod(init.method ?? request?.method ?? 'GET')
  const redirect = init.redirect ?? request?.redirect ?? 'follow'
  if (!REDIRECTS.includes(redirect))
    throw new TypeError("Cannot use the option redirect as it is neither 'follow' nor 'error' nor 'manual'")
  if (init.integrity ?? request?.integrity)
    throw new TypeError('Cannot use the option integrity as it is not checked here')
  const signal = (init.signal === undefined ? request?.signal : init.signal) ?? undefined
  if (signal !== undefined && typeof signal.aborted !== 'boolean')
    throw new TypeError('Cannot use the option signal as it is no AbortSignal')
  const { isolation, exit } = init
  if (exit !== undefined && typeof exit !== 'function')
    throw new TypeError('Cannot use the option exit as it is no function')
  const headers = new Headers(init.headers ?? request?.headers)
  const given = init.body ?? undefined
  if ((given ?? request?.body ?? undefined) !== undefined) checkBodyOf(method)
  if (request?.bodyUsed === true && given === undefined)
    throw new TypeError('Cannot send a Request whose body was used')
  const body =
    given === undefined ? request && (await takeRequestBody(request, signal)) : extractBody(given, init.duplex)
  // Firefox shows no body of a Request: only now it is known whether there is one.
  if (body !== undefined && body.length !== 0) checkBodyOf(method)
  if (body?.type !== undefined && !headers.has('content-type')) headers.set('content-type', body.type)
  const fields: Field[] = []
  headers.forEach((value, name) => fields.push([name.toLowerCase(), value]))
  fields.sort(([a], [b]) => (a < b ? -1 : 1)) // as the standard has it; Bun has an order of its own
  return { url, method, fields, body, redirect, signal, isolation, exit }
}

/** A Request in the place of an init brings what its library keeps in it. */
function checkInit(init: FetchInit): void {
  if (!isRequest(init)) checkOptions<FetchInit & StandardElsewhere & Repeated>(init, INIT_NAMES)
}

/** Whoever gives another URL in the init than in its place would be led to one of the two, and not know which. */
function checkRepeated(init: FetchInit & Repeated, target: URL): void {
  if (isRequest(init) || init.url === undefined) return
  if (readTarget(String(init.url)).href !== target.href)
    throw new TypeError('Cannot use the option url as it is not the URL that is asked for')
}

const mayCarry = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

/**
 * Checks that a body can go with a method (Fetch standard, "new Request(input, init)", the body of `input` included).
 *
 * @param method - as {@link readMethod} gives it
 * @throws TypeError
 */
export function checkBodyOf(method: string): void {
  if (!mayCarry(method)) throw new TypeError(`Cannot send a body with ${method}`)
}

/**
 * A method, normalized.
 *
 * @throws TypeError for what is no token, and for one that the standard forbids
 */
export function readMethod(method: string): string {
  if (!TOKEN.test(method)) throw new TypeError('Cannot use the method as it is no token')
  const upper = method.toUpperCase()
  if (FORBIDDEN.includes(upper)) throw new TypeError(`Cannot use the method ${upper}`)
  return NORMALIZED.includes(upper) ? upper : method
}
