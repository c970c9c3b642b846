/**
 * What a SOCKS server answers: RFC 1928 section 6, RFC 1929 section 2, the SOCKS 4 memo, and Tor's additions
 * (socks-extensions; proposal 304).
 *
 * @module
 */
import { parseIPv4, parseIPv6 } from '../cell/ip-address.ts'
import { asciiBytes, ByteWriter } from '../cell/bytes.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { ProxyAnswer } from '../proxy/connect.ts'
import { failureCode } from '../proxy/failure.ts'

/** Reply codes of SOCKS5. */
export const Socks5Reply = {
  SUCCEEDED: 0x00,
  GENERAL_FAILURE: 0x01,
  NOT_ALLOWED: 0x02,
  NETWORK_UNREACHABLE: 0x03,
  HOST_UNREACHABLE: 0x04,
  CONNECTION_REFUSED: 0x05,
  TTL_EXPIRED: 0x06,
  COMMAND_NOT_SUPPORTED: 0x07,
  ADDRESS_TYPE_NOT_SUPPORTED: 0x08,
  /** The first of the extended ones: the name ends in .onion and is no address of an onion service. */
  ONION_ADDRESS_INVALID: 0xf6,
} as const

/**
 * The reply for each failure that has one of its own; 01 for all others. Those of END as in C tor's
 * `stream_end_reason_to_socks5_response` (src/core/or/reasons.c). A `connect` of another make may fail with the same codes.
 */
const REPLY_OF_FAILURE: Readonly<Partial<Record<ErrorCode, number>>> = {
  END_RESOLVEFAILED: Socks5Reply.HOST_UNREACHABLE,
  END_CONNECTREFUSED: Socks5Reply.CONNECTION_REFUSED,
  END_EXITPOLICY: Socks5Reply.NOT_ALLOWED,
  END_DONE: Socks5Reply.CONNECTION_REFUSED, // before CONNECTED: the far end closed at once
  END_TIMEOUT: Socks5Reply.TTL_EXPIRED,
  END_NOROUTE: Socks5Reply.HOST_UNREACHABLE,
  END_CONNRESET: Socks5Reply.CONNECTION_REFUSED,
  RESOLVE_TRANSIENT: Socks5Reply.HOST_UNREACHABLE,
  RESOLVE_FAILED: Socks5Reply.HOST_UNREACHABLE,
  ADDRESS_REFUSED: Socks5Reply.NOT_ALLOWED,
  TIMEOUT: Socks5Reply.TTL_EXPIRED,
  CIRCUIT_TIMEOUT: Socks5Reply.TTL_EXPIRED,
  LINK_TIMEOUT: Socks5Reply.NETWORK_UNREACHABLE,
  LINK_UNREACHABLE: Socks5Reply.NETWORK_UNREACHABLE,
  NO_PATH: Socks5Reply.NETWORK_UNREACHABLE,
}

/** The extended replies, for a `connect` that reaches onion services and fails with these codes. */
const EXTENDED_REPLY_OF_FAILURE: Readonly<Record<string, number>> = {
  ONION_DESCRIPTOR_NOT_FOUND: 0xf0,
  ONION_DESCRIPTOR_INVALID: 0xf1,
  ONION_INTRODUCTION_FAILED: 0xf2,
  ONION_RENDEZVOUS_FAILED: 0xf3,
  ONION_AUTHORIZATION_MISSING: 0xf4,
  ONION_AUTHORIZATION_WRONG: 0xf5,
  ONION_ADDRESS_INVALID: Socks5Reply.ONION_ADDRESS_INVALID,
  ONION_INTRODUCTION_TIMEOUT: 0xf7,
}

/**
 * A version 3 onion address: 35 bytes in base32 of which the last is 3, behind any subdomains (rend-spec-v3, "Encoding
 * onion addresses").
 */
const ONION_ADDRESS = /(^|\.)[a-z2-7]{55}d\.onion\.?$/i
const ONION_NAME = /\.onion\.?$/i

/** The SOCKS5 reply code for a failed `connect` or `resolve`. */
export function replyOfFailure(error: unknown, hostname: string, extended: boolean): number {
  const code = failureCode(error)
  if (extended) {
    if (code !== undefined && Object.hasOwn(EXTENDED_REPLY_OF_FAILURE, code))
      return EXTENDED_REPLY_OF_FAILURE[code] as number
    if (ONION_NAME.test(hostname) && !ONION_ADDRESS.test(hostname)) return Socks5Reply.ONION_ADDRESS_INVALID
  }
  const isKnown = code !== undefined && Object.hasOwn(REPLY_OF_FAILURE, code)
  return isKnown ? (REPLY_OF_FAILURE[code as ErrorCode] as number) : Socks5Reply.GENERAL_FAILURE
}

/**
 * A SOCKS5 reply. Where there is no answer to give, the address is 0.0.0.0 and the port 0: the exit's own is nobody's
 * business.
 */
export function socks5Reply(
  code: number,
  answer: ProxyAnswer = { type: 'ipv4', address: '0.0.0.0' },
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(5).u8(code).u8(0)
  if (answer.type === 'hostname') writer.u8(3).u8(answer.hostname.length).bytes(asciiBytes(answer.hostname))
  else if (answer.type === 'ipv4') writer.u8(1).bytes(parseIPv4(answer.address) as Uint8Array)
  else writer.u8(4).bytes(parseIPv6(answer.address) as Uint8Array)
  return writer.u16(0).finish()
}

/** A SOCKS4 reply: granted, or rejected for a reason that the protocol has no words for. */
export function socks4Reply(granted: boolean, address = '0.0.0.0'): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .u8(0)
    .u8(granted ? 0x5a : 0x5b)
    .u16(0)
    .bytes(parseIPv4(address) as Uint8Array)
    .finish()
}

/** For an HTTP client that takes the port for an HTTP proxy (socks-extensions, "HTTP-resistance"). */
export const NOT_AN_HTTP_PROXY: Uint8Array<ArrayBuffer> = asciiBytes(
  [
    'HTTP/1.0 501 This is a SOCKS proxy, not an HTTP proxy',
    'Content-Type: text/plain; charset=us-ascii',
    'Connection: close',
    '',
    'This port speaks SOCKS 4, 4a and 5 only. A program that uses it as an HTTP proxy has to be set up for SOCKS instead,',
    'with host names resolved by the proxy (socks5h), or for another port that offers HTTP CONNECT.',
    '',
  ].join('\r\n'),
)
