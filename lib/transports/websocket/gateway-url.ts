/**
 * The URL under which a gateway leads to a relay.
 *
 * @module
 */
import { parseIPAddress } from '../../cell/ip-address.ts'
import { quoted } from '../../base/quoted.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'

/**
 * A gateway's URL, `ws:` or `wss:`. `{hostname}` and `{port}` stand for the relay's; without them `/hostname:port` is added, as
 * `tor-streams gateway` and servers of the wsproxy kind have it. A function says it in any other way.
 */
export type GatewayUrl = string | URL | ((address: LinkAddress) => string | URL)

/**
 * Checks a gateway's URL as far as it can be checked before there is an address.
 *
 * @throws TypeError naming the option `url`
 */
export function checkGatewayUrl(url: GatewayUrl): void {
  if (typeof url === 'function') return
  if (typeof url !== 'string' && !(url instanceof URL)) {
    throw new TypeError(`Cannot use the option url as it is no URL and no function: ${quoted(url)}`)
  }
  urlFor(url, { hostname: '192.0.2.1', port: 9001 })
}

/**
 * Where the gateway leads to `address`.
 *
 * @throws TypeError when that is no URL of a WebSocket
 */
export function urlFor(url: GatewayUrl, address: LinkAddress): URL {
  const text = String(typeof url === 'function' ? url(address) : filled(String(url), address))
  if (!URL.canParse(text)) throw new TypeError('Cannot use the option url as it gives no URL')
  const whole = new URL(text)
  // A page may name its own server: the schemes of a WebSocket are of the same kinds.
  if (whole.protocol === 'https:') whole.protocol = 'wss:'
  if (whole.protocol === 'http:') whole.protocol = 'ws:'
  if (whole.protocol !== 'ws:' && whole.protocol !== 'wss:') {
    throw new TypeError(`Cannot use the option url as it is not of the kind ws: or wss:, but ${whole.protocol}`)
  }
  whole.hash = '' // a WebSocket refuses one
  return whole
}

function filled(template: string, { hostname, port }: LinkAddress): string {
  const host = parseIPAddress(hostname)?.length === 16 ? `[${hostname}]` : hostname
  // A URL object has written the braces otherwise.
  const text = template.replaceAll(/%7B(hostname|port)%7D/gi, '{$1}')
  if (/\{(?:hostname|port)\}/.test(text))
    return text.replaceAll(/\{(hostname|port)\}/g, (_, name) => (name === 'port' ? String(port) : host))
  if (!URL.canParse(text)) return text // the address must not become what is missing
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(text) ?? []
  return `${path.replace(/\/$/, '')}/${host}:${port}${rest}`
}
