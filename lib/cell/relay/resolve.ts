/**
 * The RESOLVE and RESOLVED messages: names and addresses without a connection (tor-spec, "Remote hostname lookup").
 *
 * @module
 */
import { asciiBytes, ByteReader, ByteWriter, printableText } from '../bytes.ts'
import { MAX_TTL } from './connected.ts'
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from '../ip-address.ts'

const HOSTNAME = 0x00
const IPV4 = 0x04
const IPV6 = 0x06
const ERROR_TRANSIENT = 0xf0
const ERROR = 0xf1

/** One answer of a RESOLVED message. Whether an address is an acceptable one is for the caller to say. */
export type ResolvedAnswer = ResolvedAddress | ResolvedHostname | ResolveFailure

/** An address of the name. */
export interface ResolvedAddress {
  /** Which kind it is. */
  readonly type: 'ipv4' | 'ipv6'
  /** The address, without brackets. */
  readonly address: string
  /** How long it holds, in seconds. */
  readonly ttl: number
}

/** The name of an address: what a reverse lookup gives. */
export interface ResolvedHostname {
  /** Says so. */
  readonly type: 'hostname'
  /** ASCII, at most 255 characters. */
  readonly hostname: string
  /** How long it holds, in seconds. */
  readonly ttl: number
}

/** No answer. */
export interface ResolveFailure {
  /** Says so. */
  readonly type: 'error'
  /** Another try, later or elsewhere, may succeed. */
  readonly transient: boolean
  /** How long it holds, in seconds. */
  readonly ttl: number
}

/** The body of a RESOLVE message. `name` goes out in lower case. Throws a TypeError when no name can be that. */
export function encodeResolve(name: string): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,255}$/.test(name)) throw new TypeError('Cannot encode a RESOLVE as "name" is no hostname')
  return new ByteWriter().bytes(asciiBytes(name.toLowerCase())).u8(0).finish()
}

/** The name that a RESOLVE message asks for. Throws `CELL_MALFORMED`. */
export function decodeResolve(body: Uint8Array): string {
  const reader = new ByteReader(body, 'RESOLVE message')
  const nul = body.indexOf(0)
  if (nul < 1) reader.fail('it names nothing')
  return printableText(reader.take(nul)) ?? reader.fail('its name is not printable')
}

/**
 * The name to resolve to learn the hostname of an IP address: `1.0.0.127.in-addr.arpa` (RFC 1035 section 3.5), or the
 * 32 nibbles of an IPv6 address under `ip6.arpa` (RFC 3596 section 2.5). Undefined when the text is no IP address.
 */
export function reverseName(addressText: string): string | undefined {
  const ipv4 = parseIPv4(addressText)
  if (ipv4 !== undefined) return `${ipv4.reverse().join('.')}.in-addr.arpa`
  const ipv6 = parseIPv6(addressText)
  if (ipv6 === undefined) return undefined
  return `${Array.from(ipv6.reverse(), (byte) => `${(byte & 15).toString(16)}.${(byte >>> 4).toString(16)}`).join('.')}.ip6.arpa`
}

/**
 * The answers of a RESOLVED message, in its order, those of unknown types left out. A TTL above 2^31 - 1 counts as 0
 * (RFC 2181 section 8). Throws `CELL_MALFORMED`: an address of the wrong length, a hostname that is empty or not
 * printable, an answer that is cut short.
 */
export function decodeResolved(body: Uint8Array): ResolvedAnswer[] {
  const reader = new ByteReader(body, 'RESOLVED message')
  const answers: ResolvedAnswer[] = []
  while (reader.remaining > 0) {
    const type = reader.u8()
    const value = reader.take(reader.u8())
    const rawTtl = reader.u32()
    const ttl = rawTtl > MAX_TTL ? 0 : rawTtl
    switch (type) {
      case IPV4:
        if (value.length !== 4) reader.fail(`an IPv4 address has ${value.length} bytes`)
        answers.push({ type: 'ipv4', address: formatIPv4(value), ttl })
        break
      case IPV6:
        if (value.length !== 16) reader.fail(`an IPv6 address has ${value.length} bytes`)
        answers.push({ type: 'ipv6', address: formatIPv6(value), ttl })
        break
      case HOSTNAME: {
        const hostname = printableText(value)
        if (hostname === undefined || hostname === '') return reader.fail('a hostname is empty or not printable')
        answers.push({ type: 'hostname', hostname, ttl })
        break
      }
      case ERROR_TRANSIENT:
      case ERROR:
        answers.push({ type: 'error', transient: type === ERROR_TRANSIENT, ttl })
        break
      default:
      // A type of the future: skipped.
    }
  }
  return answers
}

function encodeValue(answer: ResolvedAnswer): [type: number, value: Uint8Array] {
  switch (answer.type) {
    case 'ipv4':
    case 'ipv6': {
      const value = answer.type === 'ipv4' ? parseIPv4(answer.address) : parseIPv6(answer.address)
      if (value === undefined) throw new TypeError(`Cannot encode a RESOLVED as "address" is no ${answer.type} address`)
      return [answer.type === 'ipv4' ? IPV4 : IPV6, value]
    }
    case 'hostname':
      return [HOSTNAME, asciiBytes(answer.hostname)]
    case 'error':
      return [answer.transient ? ERROR_TRANSIENT : ERROR, new Uint8Array(0)]
  }
}

/** The body of a RESOLVED message. */
export function encodeResolved(answers: readonly ResolvedAnswer[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  for (const answer of answers) {
    const [type, value] = encodeValue(answer)
    writer.u8(type).u8(value.length).bytes(value).u32(answer.ttl)
  }
  return writer.finish()
}
