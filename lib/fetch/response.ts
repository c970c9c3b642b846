/**
 * A Response of the runtime for what came over the connection.
 *
 * A constructed Response can carry no `url`, and only some statuses. A subclass would not survive `clone()` and would
 * show under another name; so what the constructor cannot say is defined on the instance, as other implementations do:
 * `url`, `redirected`, `type` (`'basic'`), for a status above 599 `status` and `ok`, and a `clone` that keeps them.
 *
 * @module
 */
import type { ResponseHead } from './message/response-head.ts'

/** How a response came about. */
export interface ResponseOrigin {
  readonly url: URL
  /** At least one redirect was followed. */
  readonly isRedirected: boolean
}

/** The head that each Response was made of. */
const heads = new WeakMap<Response, string>()

/** The head of a Response as it came, one character for each byte; undefined for one that was not made here. */
export const rawHeadOf = (response: Response): string | undefined => heads.get(response)

/** Makes the Response. Its headers can be changed: only the runtime itself can make immutable ones. */
export function makeResponse(
  head: ResponseHead,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  origin: ResponseOrigin,
): Response {
  const headers = new Headers()
  for (const [name, value] of head.fields) headers.append(name, value)
  const isOdd = head.status > 599
  const response = new Response(body, { status: isOdd ? 200 : head.status, statusText: head.reason, headers })
  const url = new URL(origin.url)
  url.hash = ''
  heads.set(response, head.raw)
  return describe(response, {
    url: url.href,
    redirected: origin.isRedirected,
    type: 'basic',
    ...(isOdd && { status: head.status, ok: false }),
  })
}

function describe(response: Response, told: Readonly<Record<string, unknown>>): Response {
  const clone = (): Response => describe(Response.prototype.clone.call(response), told)
  for (const [name, value] of Object.entries({ ...told, clone })) {
    Object.defineProperty(response, name, { value, configurable: true, writable: true })
  }
  return response
}
