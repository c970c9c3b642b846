/**
 * SOCKS 5: greeting, username and password, request (RFC 1928, RFC 1929), with Tor's RESOLVE and RESOLVE_PTR and what
 * Tor makes of credentials (socks-extensions, "Extent of support").
 *
 * @module
 */
import { formatIPAddress, parseIPAddress } from '../cell/ip-address.ts'
import type { ProxyAnswer } from '../proxy/connect.ts'
import { isolationToken } from '../proxy/credentials.ts'
import { NO_BYTES, type ProxyRequest } from '../proxy/handshake.ts'
import { latin1Text, proxyHost } from '../proxy/text.ts'
import { replyOfFailure, Socks5Reply, socks5Reply } from './replies.ts'
import { refused, SocksCommand, type SocksHandshakeOptions, type SocksMove, type SocksStep } from './stage.ts'

const NO_AUTHENTICATION = 0x00
const USERNAME_PASSWORD = 0x02
const NO_ACCEPTABLE_METHOD = 0xff

/** The version of the username and password message, which is not that of SOCKS. */
const AUTHENTICATION_VERSION = 1
const AUTHENTICATED = Uint8Array.of(AUTHENTICATION_VERSION, 0)
const NOT_AUTHENTICATED = Uint8Array.of(AUTHENTICATION_VERSION, 1)

/** User names that begin so are reserved (proposal 351). The one that is served says: the password is the isolation. */
const RESERVED = '<torS0X>'
const ISOLATION_ONLY = '<torS0X>0'

const ATYP_IPV4 = 1
const ATYP_NAME = 3
const ATYP_IPV6 = 4

const WARNING = {
  kind: 'socks5-address',
  message:
    'A program gave the SOCKS 5 proxy an IP address. If it looked up a name for that, the lookup did not go through Tor: ' +
    'let the proxy resolve names (socks5h)',
} as const

/** The methods that the client offers. Username and password are preferred, as they tell activities apart. */
export function socks5Greeting(bytes: Uint8Array, options: SocksHandshakeOptions): SocksMove | undefined {
  const count = bytes[1]
  if (count === undefined || bytes.length < 2 + count) return undefined
  const methods = bytes.subarray(2, 2 + count)
  const method = [USERNAME_PASSWORD, NO_AUTHENTICATION].find((each) => methods.includes(each))
  if (method === undefined) return refused(Uint8Array.of(5, NO_ACCEPTABLE_METHOD))
  const next: SocksStep =
    method === USERNAME_PASSWORD
      ? (rest) => authentication(rest, options)
      : // Some clients send their credentials although none were asked for (socks-extensions, "Extent of support").
        (rest) =>
          rest[0] === AUTHENTICATION_VERSION ? authentication(rest, options) : request(rest, undefined, options)
  return { type: 'next', used: 2 + count, reply: Uint8Array.of(5, method), next }
}

/** Username and password: any are right, empty ones too. */
function authentication(bytes: Uint8Array, options: SocksHandshakeOptions): SocksMove | undefined {
  if (bytes[0] !== AUTHENTICATION_VERSION) return refused(NOT_AUTHENTICATED)
  const userEnd = 2 + (bytes[1] ?? Infinity)
  const end = userEnd + 1 + (bytes[userEnd] ?? Infinity)
  if (bytes.length < end) return undefined
  const user = bytes.subarray(2, userEnd)
  const name = latin1Text(user)
  if (name.startsWith(RESERVED) && name !== ISOLATION_ONLY) return refused(NOT_AUTHENTICATED)
  const isolation = isolationToken('socks5', user, bytes.subarray(userEnd + 1, end))
  return { type: 'next', used: end, reply: AUTHENTICATED, next: (rest) => request(rest, isolation, options) }
}

/** The request. What cannot be served is refused as soon as that shows. */
function request(
  bytes: Uint8Array,
  isolation: string | undefined,
  options: SocksHandshakeOptions,
): SocksMove | undefined {
  const [version, command, reserved, type, first] = bytes
  if (version !== 5) return failure(Socks5Reply.GENERAL_FAILURE)
  if (command === undefined) return undefined
  const isLookup = command === SocksCommand.RESOLVE || command === SocksCommand.RESOLVE_PTR
  if (command !== SocksCommand.CONNECT && (!isLookup || !options.canResolve))
    return failure(Socks5Reply.COMMAND_NOT_SUPPORTED)
  if (reserved === undefined) return undefined
  if (reserved !== 0) return failure(Socks5Reply.GENERAL_FAILURE)
  if (type === undefined) return undefined
  if (type !== ATYP_IPV4 && type !== ATYP_IPV6 && type !== ATYP_NAME)
    return failure(Socks5Reply.ADDRESS_TYPE_NOT_SUPPORTED)
  if (first === undefined) return undefined
  const start = type === ATYP_NAME ? 5 : 4
  const end = start + (type === ATYP_NAME ? first : type === ATYP_IPV4 ? 4 : 16)
  if (bytes.length < end + 2) return undefined
  const host = bytes.subarray(start, end)
  const hostname = proxyHost(type === ATYP_NAME ? latin1Text(host) : formatIPAddress(host))
  const port = ((bytes[end] as number) << 8) | (bytes[end + 1] as number)
  if (command === SocksCommand.RESOLVE_PTR && (hostname === undefined || !parseIPAddress(hostname))) {
    return failure(Socks5Reply.ADDRESS_TYPE_NOT_SUPPORTED)
  }
  if (hostname === undefined || (port === 0 && !isLookup)) return failure(Socks5Reply.GENERAL_FAILURE)
  return {
    type: 'request',
    used: end + 2,
    reply: NO_BYTES,
    request: requestOf(command, hostname, port, isolation, options),
    warning: type === ATYP_NAME || command === SocksCommand.RESOLVE_PTR ? undefined : WARNING,
  }
}

const failure = (code: number): SocksMove => refused(socks5Reply(code))

function requestOf(
  command: number,
  hostname: string,
  port: number,
  isolation: string | undefined,
  { extendedErrors }: SocksHandshakeOptions,
): ProxyRequest {
  const failed = (error: unknown): Uint8Array => socks5Reply(replyOfFailure(error, hostname, extendedErrors))
  if (command === SocksCommand.CONNECT) {
    return {
      command: 'connect',
      address: { hostname, port },
      isolation,
      granted: socks5Reply(Socks5Reply.SUCCEEDED),
      failed,
    }
  }
  return command === SocksCommand.RESOLVE
    ? {
        command: 'resolve',
        hostname,
        isolation,
        failed,
        answered: (answers) => reply(ofType(answers, 'ipv4') ?? ofType(answers, 'ipv6')),
      }
    : { command: 'resolve-ptr', hostname, isolation, failed, answered: (answers) => reply(ofType(answers, 'hostname')) }
}

const ofType = (answers: readonly ProxyAnswer[], type: ProxyAnswer['type']): ProxyAnswer | undefined =>
  answers.find((answer) => answer.type === type)

/** The answer of a lookup. Without one the name, or the address, is not known. */
const reply = (answer: ProxyAnswer | undefined): Uint8Array =>
  answer === undefined ? socks5Reply(Socks5Reply.HOST_UNREACHABLE) : socks5Reply(Socks5Reply.SUCCEEDED, answer)
