/**
 * Whether a request for a link is served: decided before anything is dialled.
 *
 * @module
 */
import type { GatewaySettings } from './gateway-options.ts'
import { parseLinkTarget, type LinkTarget } from './link-target.ts'
import { isPublicAddress } from './public-address.ts'
import type { RelayList } from './relay-list.ts'

/** The part of a request that is used. */
export interface LinkRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A refusal, as the status of an answer. */
export type Refusal = 400 | 403 | 405 | 426 | 503

/** Where to connect to, or why not. */
export function admit(
  request: LinkRequest,
  relays: RelayList,
  { origins, allowPrivate }: Pick<GatewaySettings, 'origins' | 'allowPrivate'>,
): LinkTarget | Refusal {
  const { method, url = '', headers } = request
  if (method !== 'GET') return 405
  if (String(headers['upgrade']).toLowerCase() !== 'websocket') return 426
  // What would fail after the relay was dialled (RFC 6455, section 4.2.1).
  const key = String(headers['sec-websocket-key'])
  if (!/^[+/\dA-Za-z]{22}==$/.test(key) || headers['sec-websocket-version'] !== '13') return 400
  if (!isServedOrigin(headers['origin'], origins)) return 403
  const target = parseLinkTarget(url)
  if (target === undefined) return 400
  if (!relays.isLive) return 503
  if (!relays.has(target.address, target.port)) return 403
  return allowPrivate || isPublicAddress(target.bytes) ? target : 403
}

/** Whether pages of this origin are served. */
export function isServedOrigin(
  origin: string | readonly string[] | undefined,
  origins: ReadonlySet<string> | undefined,
): boolean {
  return origins === undefined || (typeof origin === 'string' && origins.has(origin))
}
