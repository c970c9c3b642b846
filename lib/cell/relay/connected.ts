/**
 * The CONNECTED message: the far end of a stream is there (tor-spec, "Opening streams").
 *
 * ```text
 * empty                                         a directory or an onion service
 * IPv4 address 4, TTL 4 (or nothing)            an exit
 * zeros 4, type 1 (6), IPv6 address 16, TTL 4   an exit
 * ```
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { formatIPv4, formatIPv6, parseIPAddress } from '../ip-address.ts'

const IPV6 = 6

/** The largest TTL, in seconds (RFC 2181 section 8): what is above is no TTL. */
export const MAX_TTL = 0x7fff_ffff

/** What a CONNECTED says of the far end. Whether the address is an acceptable one is for the stream to say. */
export interface Connected {
  /** The IP address that the exit connected to. */
  readonly address: string | undefined
  /** For how long the host has this address, in seconds. */
  readonly ttl: number | undefined
}

const validTtl = (ttl: number): number | undefined => (ttl > MAX_TTL ? undefined : ttl)

/** Reads the body of a CONNECTED message. Throws `CELL_MALFORMED`. Bytes after the TTL are ignored. */
export function decodeConnected(body: Uint8Array): Connected {
  if (body.length === 0) return { address: undefined, ttl: undefined }
  const reader = new ByteReader(body, 'CONNECTED message')
  const first = reader.take(4)
  if (first.some((byte) => byte !== 0)) {
    return { address: formatIPv4(first), ttl: reader.remaining >= 4 ? validTtl(reader.u32()) : undefined }
  }
  const type = reader.u8()
  if (type !== IPV6) reader.fail(`its address is of type ${type}`)
  return { address: formatIPv6(reader.take(16)), ttl: validTtl(reader.u32()) }
}

/** The body of a CONNECTED message: empty without an address. An IPv6 address without a TTL gets one that says so. */
export function encodeConnected({ address, ttl }: Partial<Connected> = {}): Uint8Array<ArrayBuffer> {
  if (address === undefined) return new Uint8Array(0)
  const bytes = parseIPAddress(address)
  if (bytes === undefined) throw new TypeError('Cannot encode a CONNECTED as "address" is no IP address')
  const writer = new ByteWriter()
  if (bytes.length === 16)
    return writer
      .u32(0)
      .u8(IPV6)
      .bytes(bytes)
      .u32(ttl ?? 0xffff_ffff)
      .finish()
  writer.bytes(bytes)
  if (ttl !== undefined) writer.u32(ttl)
  return writer.finish()
}
