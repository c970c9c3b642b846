/**
 * The BEGIN message, which opens a stream (tor-spec, "Opening streams"). BEGIN_DIR has no body.
 *
 * @module
 */
import { asciiBytes, ByteReader, ByteWriter, printableText } from '../bytes.ts'
import { parseIPv6 } from '../ip-address.ts'

/** The flags of a BEGIN. All other bits are reserved: a client leaves them 0. */
export const BeginFlag = {
  /** An IPv6 address will do. */
  IPV6_OK: 1,
  /** An IPv4 address will not do. */
  IPV4_NOT_OK: 2,
  /** If both will do, IPv6 is better. */
  IPV6_PREFERRED: 4,
} as const

/** What a BEGIN asks for. */
export interface Begin {
  /** A hostname, an IPv4 address, or an IPv6 address without brackets; empty on a circuit to an onion service. */
  readonly host: string
  /** 1 to 65,535. */
  readonly port: number
  /** A sum of {@link BeginFlag}s. */
  readonly flags: number
}

/** `[IPv6 address]:port` or `host:port`; the host may be empty. */
const ADDRESS = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:[\]]*)):(?<port>[1-9]\d{0,4})$/

/** The longest host: a DNS name has at most 255 bytes, and the cell must hold it. */
const MAX_HOST = 255

/**
 * The body of a BEGIN message. The host goes out in lower case, an IPv6 address in brackets (given with or without
 * them), and flags only when there are any: all else would tell this client from others.
 *
 * Throws a TypeError for a host that no BEGIN can name, and a RangeError for a port or flags out of range.
 */
export function encodeBegin({ host, port, flags }: Begin): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff)
    throw new RangeError(`Cannot encode a BEGIN as "port" is ${port}`)
  const name = hostText(host)
  const writer = new ByteWriter().bytes(asciiBytes(`${name}:${port}`)).u8(0)
  if (flags !== 0) writer.u32(flags)
  return writer.finish()
}

function hostText(host: string): string {
  const lower = host.toLowerCase()
  const bare = lower.startsWith('[') && lower.endsWith(']') ? lower.slice(1, -1) : lower
  if (parseIPv6(bare) !== undefined) return `[${bare}]`
  // Printable ASCII only, and nothing that would be read as another address or another port.
  if (host.length > MAX_HOST || !/^[\x21-\x7e]*$/.test(host) || /[:[\]]/.test(host)) {
    throw new TypeError('Cannot encode a BEGIN as "host" is neither a hostname nor an IP address')
  }
  return lower
}

/**
 * Reads the body of a BEGIN message. Throws `CELL_MALFORMED` when there is no NUL, no port from 1 to 65,535, or a host
 * that is not printable ASCII. Fewer than four bytes after the NUL are no flags.
 */
export function decodeBegin(body: Uint8Array): Begin {
  const reader = new ByteReader(body, 'BEGIN message')
  const nul = body.indexOf(0)
  if (nul < 0) reader.fail('its address does not end')
  const text = printableText(reader.take(nul))
  const parts = ADDRESS.exec(text ?? '')?.groups
  if (parts === undefined) return reader.fail('its address has no host or no port')
  const port = Number(parts['port'])
  if (port > 0xffff) reader.fail(`its port is ${port}`)
  const address = parts['address']
  if (address !== undefined && parseIPv6(address) === undefined)
    reader.fail('what it has in brackets is no IPv6 address')
  reader.u8()
  return { host: address ?? (parts['name'] as string), port, flags: reader.remaining >= 4 ? reader.u32() : 0 }
}
