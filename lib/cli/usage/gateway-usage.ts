/**
 * What the command line understands of `tor-streams gateway`.
 *
 * @module
 */
import { parseIPAddress } from '../../cell/ip-address.ts'
import { checkOrigin } from '../../node/gateway/gateway-options.ts'
import { portOf, shown, UsageError } from './usage-error.ts'

/** What `tor-streams gateway --help` prints. */
export const GATEWAY_HELP = `tor-streams gateway - lead web pages to the relays of Tor

A page cannot dial. It opens a WebSocket to ws://HOST:PORT/ADDRESS:PORT, and the
gateway connects it to that relay of the network, and to nothing else.
GET /directory gives the directory of the network, compressed.

        --listen HOST:PORT     where to listen (127.0.0.1:8080)
        --origin URL           serve pages of this origin only, such as
                               https://a.example; may be given several times
        --max-links N          links in all (1024)
        --max-links-per-client N  links of one address (16)
        --trust-forwarded      a proxy in front says who its client is, at the
                               end of X-Forwarded-For
        --network FILE         the network of the DirAuthority lines of a torrc
        --allow-private        relays on private addresses too: for tests only
  -q, --quiet                  say nothing of progress

It speaks no TLS: put nginx or Caddy in front. It writes no logs.`

/** What it takes. */
export interface GatewayArguments {
  readonly hostname: string
  readonly port: number
  readonly origins: readonly string[] | undefined
  readonly maxLinks: number | undefined
  readonly maxLinksPerClient: number | undefined
  readonly trustForwarded: boolean
  readonly allowPrivate: boolean
}

/** The options of it alone, as they are parsed. */
export const GATEWAY_OPTIONS = {
  'listen': { type: 'string' },
  'origin': { type: 'string', multiple: true },
  'max-links': { type: 'string' },
  'max-links-per-client': { type: 'string' },
  'trust-forwarded': { type: 'boolean' },
  'allow-private': { type: 'boolean' },
} as const

/** Their values. */
export interface GatewayValues {
  readonly 'listen'?: string | undefined
  readonly 'origin'?: readonly string[] | undefined
  readonly 'max-links'?: string | undefined
  readonly 'max-links-per-client'?: string | undefined
  readonly 'trust-forwarded'?: boolean | undefined
  readonly 'allow-private'?: boolean | undefined
}

/**
 * Reads them.
 *
 * @throws UsageError
 */
export function gatewayArguments(values: GatewayValues): GatewayArguments {
  return {
    ...listenOf(values.listen ?? '127.0.0.1:8080'),
    origins: values.origin?.map(originOf),
    maxLinks: countOf('max-links', values['max-links']),
    maxLinksPerClient: countOf('max-links-per-client', values['max-links-per-client']),
    trustForwarded: values['trust-forwarded'] === true,
    allowPrivate: values['allow-private'] === true,
  }
}

/** `HOST:PORT`, an IPv6 address in brackets; a port alone is one of loopback. */
function listenOf(text: string): { readonly hostname: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]:|([^:]*):)?(\d+)$/.exec(text) ?? []
  const hostname = bracketed ?? plain ?? '127.0.0.1'
  if (digits === undefined || (hostname !== 'localhost' && parseIPAddress(hostname) === undefined))
    throw new UsageError(`--listen needs an IP address and a port, such as 127.0.0.1:8080, unlike ${shown(text)}`)
  return { hostname, port: portOf('listen', digits) as number }
}

function originOf(text: string): string {
  try {
    return checkOrigin(text)
  } catch {
    throw new UsageError(`--origin needs an origin, such as https://a.example, unlike ${shown(text)}`)
  }
}

function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 65_536)
    throw new UsageError(`--${name} needs a number from 1 to 65536, unlike ${shown(text)}`)
  return Number(text)
}
