/**
 * The relay that a request names: `/ADDRESS:PORT`, an IPv6 address in brackets.
 *
 * @module
 */
import { formatIPAddress, parseIPv4, parseIPv6 } from '../../cell/ip-address.ts'

/** An address and a port, to be connected to as they are. */
export interface LinkTarget {
  /** In the one form of `formatIPAddress`. */
  readonly address: string
  readonly bytes: Uint8Array
  readonly port: number
}

/**
 * Reads the target of a request, as it came. Nothing is decoded, normalised or looked up: what is not written as an address
 * and a port is no target. The numbers of an IPv4 address are decimal and have no leading zeros.
 */
export function parseLinkTarget(path: string): LinkTarget | undefined {
  const [, ipv4, ipv6, digits] = /^\/(?:([\d.]{7,15})|\[([\da-f:.]{2,45})\]):([1-9]\d{0,4})$/i.exec(path) ?? []
  const bytes = ipv4 === undefined ? parseIPv6(ipv6 ?? '') : parseIPv4(ipv4)
  const port = Number(digits)
  if (bytes === undefined || port > 65_535) return undefined
  return { address: formatIPAddress(bytes), bytes, port }
}
