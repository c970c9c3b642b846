/**
 * How a stream opens: what is asked of the exit, and what its answer may say (tor-spec, "Opening streams").
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { isInternalAddress, parseIPAddress, parseIPv6 } from '../cell/ip-address.ts'
import { encodeBegin } from '../cell/relay/begin.ts'
import { decodeConnected } from '../cell/relay/connected.ts'
import { SocketError } from '../base/errors.ts'
import type { FlowControlKind, SocketInfo } from './contract/socket-info.ts'
import { BEGIN_FLAGS, type AddressFamily, type ResolvedStreamOptions } from './options.ts'
import type { SocketAddress } from './socket-address.ts'

/** Where a stream goes: an address, or the relay's own directory. */
export type StreamTarget = SocketAddress | 'directory'

/** Which answers are taken. */
export type OpeningOptions = Pick<ResolvedStreamOptions, 'addressFamily' | 'rejectInternalAddresses'>

/**
 * The message that asks for the stream. Its flags say what would do; what of that an exit is told depends on the exit
 * (lib/circuit/begin-for-exit.ts). An onion service is told the port alone.
 */
export function openingMessage(
  target: StreamTarget,
  { addressFamily, namesHost }: Pick<ResolvedStreamOptions, 'addressFamily' | 'namesHost'>,
): { command: number; body: Uint8Array } {
  if (target === 'directory') return { command: RelayCommand.BEGIN_DIR, body: new Uint8Array(0) }
  const { hostname: host, port } = target
  const begin = namesHost
    ? { host, port, flags: BEGIN_FLAGS[familyFor(host, addressFamily)] }
    : { host: '', port, flags: 0 }
  return { command: RelayCommand.BEGIN, body: encodeBegin(begin) }
}

/** An address says by itself of which kind it is. */
function familyFor(host: string, wanted: AddressFamily): AddressFamily {
  if (parseIPAddress(host) === undefined) return wanted
  return parseIPv6(host) === undefined ? 'ipv4' : 'ipv6'
}

/**
 * What CONNECTED says, checked against what was asked for.
 *
 * @throws SocketError `ADDRESS_REFUSED` for an address of the wrong family, or an internal one
 * @throws TorError when it is malformed
 */
export function readConnected(
  body: Uint8Array,
  target: StreamTarget,
  { addressFamily, rejectInternalAddresses }: OpeningOptions,
  flowControl: FlowControlKind,
): SocketInfo {
  const info = { remoteAddress: undefined, localAddress: undefined, alpn: undefined, ttl: undefined, flowControl }
  if (target === 'directory') return info
  const { address, ttl } = decodeConnected(body)
  if (address === undefined) return { ...info, ttl }
  const bytes = parseIPAddress(address) as Uint8Array
  const family = familyFor(target.hostname, addressFamily)
  const unwanted = bytes.length === 16 ? family === 'ipv4' : family === 'ipv6'
  if (unwanted || (rejectInternalAddresses && isInternalAddress(bytes))) {
    const kind = unwanted ? 'an unwanted' : 'an internal'
    throw new SocketError('ADDRESS_REFUSED', `the exit connected to ${kind} address`, { address, ttl })
  }
  return { ...info, ttl, remoteAddress: `${address.includes(':') ? `[${address}]` : address}:${target.port}` }
}
