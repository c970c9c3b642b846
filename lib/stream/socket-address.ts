/**
 * Where a stream goes: the WinterTC address forms, checked before any cell is sent.
 *
 * @module
 */
import { parseIPv4, parseIPv6, formatIPv6 } from '../cell/ip-address.ts'
import { withInput } from '../base/withheld.ts'

/** A host and a port, as the WinterTC Sockets API has them. */
export interface SocketAddress {
  /** A host name, an IPv4 address, or an IPv6 address with or without brackets. */
  readonly hostname: string
  /** 1 to 65535. */
  readonly port: number
}

/** `"host:port"`, `"[IPv6]:port"`, or the two apart. */
export type AnySocketAddress = string | SocketAddress

/** A name that a BEGIN or a RESOLVE carries: printable ASCII without spaces, and no colon that would end it. */
const HOST = /^[\x21-\x39\x3b-\x7e]{1,255}$/

/**
 * Reads and checks an address; the host comes out in lower case, an IPv6 address without brackets.
 *
 * @throws TypeError naming `address` when it has not this form; what was given is its `input`, which no log shows
 * @throws RangeError naming `address` when the port is not between 1 and 65535
 */
export function parseSocketAddress(address: AnySocketAddress): SocketAddress {
  if (typeof address === 'string') {
    const colon = address.lastIndexOf(':')
    if (colon < 0) throw refusal('Cannot connect to the address as it has no port', address)
    const hostname = address.slice(0, colon)
    const port = address.slice(colon + 1)
    if (!/^\d{1,6}$/.test(port)) throw refusal('Cannot connect to the address as its port is no number', address)
    if (hostname.includes(':') && !hostname.startsWith('[')) {
      throw refusal('Cannot connect to the address as an IPv6 address in a string needs brackets', address)
    }
    return { hostname: parseHost(hostname, 'address'), port: checkPort(Number(port)) }
  }
  if (typeof address !== 'object' || address === null) {
    throw refusal('Cannot connect to the address as it is neither a string nor an object', address)
  }
  const { hostname, port } = address
  if (typeof port !== 'number') throw refusal('Cannot connect to the address as its port is no number', port)
  return { hostname: parseHost(hostname, 'address'), port: checkPort(port) }
}

/**
 * Checks a host name or IP address and gives it in lower case, without brackets.
 *
 * @throws TypeError naming `argument`
 */
export function parseHost(host: unknown, argument: string): string {
  if (typeof host !== 'string' || host === '') throw refusal(`Cannot use the ${argument} as it names no host`, host)
  const bracketed = host.startsWith('[') && host.endsWith(']')
  const bare = bracketed ? host.slice(1, -1) : host
  const ipv6 = parseIPv6(bare)
  if (ipv6) return formatIPv6(ipv6)
  if (bracketed || !HOST.test(host) || /[[\]/@?#\\]/.test(host)) {
    throw refusal(`Cannot use the ${argument} as its host is no host name or IP address in ASCII`, host)
  }
  if (/^[\d.]+$/.test(host) && !parseIPv4(host)) {
    throw refusal(`Cannot use the ${argument} as its host is no IPv4 address`, host)
  }
  return host.toLowerCase()
}

function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`Cannot connect to the address as its port must be between 1 and 65535: ${port}`)
  }
  return port
}

/** Of an argument that may name a host: so the message does not repeat it. */
const refusal = (message: string, input: unknown): TypeError => withInput(new TypeError(message), input)
