/**
 * The END message, which closes a stream in both directions (tor-spec, "Closing streams").
 *
 * @module
 */
import { ByteWriter } from '../bytes.ts'
import { MAX_TTL } from './connected.ts'
import { formatIPAddress, parseIPAddress } from '../ip-address.ts'
import { EndReason } from '../reasons.ts'

/** Why the far end closed a stream. */
export interface End {
  /** See {@link EndReason}; a peer may send others. */
  readonly reason: number
  /** With reason EXITPOLICY: what the exit resolved the host to, if it says so. */
  readonly address: string | undefined
  /** For how long `address` holds, in seconds, if it says so. */
  readonly ttl: number | undefined
}

/**
 * Reads the body of an END message. It never throws: whatever the body is, the stream is closed. An empty body means
 * MISC; an EXITPOLICY with a body of another length than 5, 9, 17 or 21 bytes names no address.
 */
export function decodeEnd(body: Uint8Array): End {
  const reason = body[0] ?? EndReason.MISC
  const size = body.length === 5 || body.length === 9 ? 4 : body.length === 17 || body.length === 21 ? 16 : 0
  if (reason !== EndReason.EXITPOLICY || size === 0) return { reason, address: undefined, ttl: undefined }
  const address = formatIPAddress(body.subarray(1, 1 + size))
  if (body.length === 1 + size) return { reason, address, ttl: undefined }
  const ttl = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(1 + size)
  return { reason, address, ttl: ttl > MAX_TTL ? undefined : ttl }
}

/**
 * The body of an END message. A client's own says {@link EndReason}.MISC and nothing more (tor-spec, "Closing
 * streams").
 */
export function encodeEnd(
  reason: number,
  { address, ttl }: { readonly address?: string | undefined; readonly ttl?: number | undefined } = {},
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(reason)
  if (address === undefined) return writer.finish()
  const bytes = parseIPAddress(address)
  if (bytes === undefined) throw new TypeError('Cannot encode an END as "address" is no IP address')
  writer.bytes(bytes)
  if (ttl !== undefined) writer.u32(ttl)
  return writer.finish()
}
