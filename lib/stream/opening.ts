/**
 * How a stream opens: what is asked of the exit, and what its answer may say (tor-spec, "Opening streams").
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { isInternalAddress, parseIPAddress } from '../cell/ip-address.ts'
import { encodeBegin } from '../cell/relay/begin.ts'
import { decodeConnected } from '../cell/relay/connected.ts'
import { SocketError } from '../base/errors.ts'
import type { FlowControlKind, SocketInfo } from './contract/socket-info.ts'
import { BEGIN_FLAGS, type ResolvedStreamOptions } from './options.ts'
import type { SocketAddress } from './socket-address.ts'

/** Where a stream goes: an address, or the relay's own directory. */
export type StreamTarget = SocketAddress | 'directory'

/** Which answers are taken. */
export type OpeningOptions = Pick<ResolvedStreamOptions, 'addressFamily' | 'rejectInternalAddresses'>

/** The message that asks for the stream. */
export function openingMessage(
  target: StreamTarget,
  { addressFamily }: OpeningOptions,
): { command: number; body: Uint8Array } {
  if (target === 'directory') return { command: RelayCommand.BEGIN_DIR, body: new Uint8Array(0) }
  const { hostname: host, port } = target
  return { command: RelayCommand.BEGIN, body: encodeBegin({ host, port, flags: BEGIN_FLAGS[addressFamily] }) }
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
  const unwanted = bytes.length === 16 ? addressFamily === 'ipv4' : addressFamily === 'ipv6'
  if (unwanted || (rejectInternalAddresses && isInternalAddress(bytes))) {
    const kind = unwanted ? 'an unwanted' : 'an internal'
    throw new SocketError('ADDRESS_REFUSED', `the exit connected to ${kind} address`, { address, ttl })
  }
  return { ...info, ttl, remoteAddress: `${address.includes(':') ? `[${address}]` : address}:${target.port}` }
}
