/**
 * SOCKS 4 and 4a: one message, one reply. CONNECT and Tor's RESOLVE (socks-extensions, "Extent of support", "Name
 * lookup").
 *
 * @module
 */
import { formatIPv4 } from '../cell/ip-address.ts'
import type { ProxyAnswer } from '../proxy/connect.ts'
import { isolationToken } from '../proxy/credentials.ts'
import { NO_BYTES, type ProxyRequest } from '../proxy/handshake.ts'
import { latin1Text, proxyHost } from '../proxy/text.ts'
import { socks4Reply } from './replies.ts'
import { refused, SocksCommand, type SocksHandshakeOptions, type SocksMove, type SocksStep } from './stage.ts'

/** Version, command, port and address. */
const HEAD = 8

/** The longest user id, and the longest host, in bytes. The memo names no limit. */
const LONGEST_TEXT = 255

const REJECTED = socks4Reply(false)
const WARNING = {
  kind: 'socks4-address',
  message:
    'A program gave the SOCKS 4 proxy an IP address. If it looked up a name for that, the lookup did not go through Tor: ' +
    'use SOCKS 4a',
} as const

/** Looks for a SOCKS 4 or 4a request. However it is cut, each byte is searched for the ends of its texts once. */
export function socks4Step(options: SocksHandshakeOptions): SocksStep {
  const ends: number[] = []
  let searched = HEAD
  return (bytes) => {
    for (let nul = bytes.indexOf(0, searched); nul >= 0 && ends.length < 2; nul = bytes.indexOf(0, nul + 1))
      ends.push(nul)
    searched = Math.max(HEAD, bytes.length)
    return request(bytes, ends, options)
  }
}

function request(
  bytes: Uint8Array,
  [userEnd, nameEnd]: readonly number[],
  { canResolve }: SocksHandshakeOptions,
): SocksMove | undefined {
  const command = bytes[1]
  if (command === undefined) return undefined
  if (command !== SocksCommand.CONNECT && (command !== SocksCommand.RESOLVE || !canResolve)) return refused(REJECTED)
  if (bytes.length < HEAD) return undefined
  const port = ((bytes[2] as number) << 8) | (bytes[3] as number)
  const address = bytes.subarray(4, HEAD)
  const hasName = address[0] === 0 && address[1] === 0 && address[2] === 0
  if ((hasName && address[3] === 0) || (port === 0 && command === SocksCommand.CONNECT)) return refused(REJECTED)
  const user = textAt(bytes, HEAD, userEnd)
  if (!user) return user === false ? refused(REJECTED) : undefined
  const name = hasName ? textAt(bytes, HEAD + user.length + 1, nameEnd) : undefined
  if (hasName && !name) return name === false ? refused(REJECTED) : undefined
  const hostname = proxyHost(name ? latin1Text(name) : formatIPv4(address))
  if (hostname === undefined) return refused(REJECTED)
  return {
    type: 'request',
    used: HEAD + user.length + 1 + (name ? name.length + 1 : 0),
    reply: NO_BYTES,
    request: requestOf(command, hostname, port, user.length === 0 ? undefined : isolationToken('socks4', user)),
    warning: hasName ? undefined : WARNING,
  }
}

/** The text up to its NUL at `end`; undefined when that is not here yet, false when it comes too late. */
function textAt(bytes: Uint8Array, start: number, end: number | undefined): Uint8Array | false | undefined {
  if ((end ?? bytes.length) - start > LONGEST_TEXT) return false
  return end === undefined ? undefined : bytes.subarray(start, end)
}

function requestOf(command: number, hostname: string, port: number, isolation: string | undefined): ProxyRequest {
  const failed = (): Uint8Array => REJECTED
  if (command === SocksCommand.CONNECT) {
    const address = { hostname, port }
    return { command: 'connect', address, addressFamily: 'ipv4', isolation, granted: socks4Reply(true), failed }
  }
  return { command: 'resolve', hostname, isolation, answered, failed }
}

/** SOCKS 4 has room for an IPv4 address only. */
function answered(answers: readonly ProxyAnswer[]): Uint8Array {
  const answer = answers.find(({ type }) => type === 'ipv4')
  return answer?.type === 'ipv4' ? socks4Reply(true, answer.address) : REJECTED
}
