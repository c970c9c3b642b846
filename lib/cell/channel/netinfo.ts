/**
 * The NETINFO cell, which ends the link handshake (tor-spec, "NETINFO cells").
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { formatIPv4, formatIPv6, parseIPAddress } from '../ip-address.ts'

const IPV4 = 4
const IPV6 = 6

/** What a NETINFO cell says. */
export interface Netinfo {
  /** The sender's time in seconds since the epoch; 0 when it does not tell, as clients do not. */
  readonly timestamp: number
  /** The receiver's address as the sender sees it; undefined when it is null or of an unknown kind. */
  readonly otherAddress: string | undefined
  /** The sender's own addresses; a client names none. Those of unknown kinds are left out. */
  readonly myAddresses: readonly string[]
}

function readAddress(reader: ByteReader): string | undefined {
  const type = reader.u8()
  const bytes = reader.take(reader.u8())
  if (type === IPV4 && bytes.length === 4) return formatIPv4(bytes)
  if (type === IPV6 && bytes.length === 16) return formatIPv6(bytes)
  return undefined
}

/** Reads the body of a NETINFO cell. Throws `CELL_MALFORMED`. */
export function decodeNetinfo(body: Uint8Array): Netinfo {
  const reader = new ByteReader(body, 'NETINFO cell')
  const timestamp = reader.u32()
  const other = readAddress(reader)
  const myAddresses: string[] = []
  for (let count = reader.u8(); count > 0; count--) {
    const address = readAddress(reader)
    if (address !== undefined) myAddresses.push(address)
  }
  return { timestamp, otherAddress: other === '0.0.0.0' || other === '::' ? undefined : other, myAddresses }
}

function writeAddress(writer: ByteWriter, address: string): void {
  const bytes = parseIPAddress(address)
  if (bytes === undefined) throw new TypeError('Cannot encode a NETINFO cell as an address in it is no IP address')
  writer
    .u8(bytes.length === 4 ? IPV4 : IPV6)
    .u8(bytes.length)
    .bytes(bytes)
}

/** The body of a NETINFO cell. Without `otherAddress` the null IPv4 address stands in its place. */
export function encodeNetinfo(netinfo: Netinfo): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u32(netinfo.timestamp)
  writeAddress(writer, netinfo.otherAddress ?? '0.0.0.0')
  writer.u8(netinfo.myAddresses.length)
  for (const address of netinfo.myAddresses) writeAddress(writer, address)
  return writer.finish()
}
