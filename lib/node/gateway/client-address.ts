/**
 * Who a client is, for the limits. It is kept as long as the client is connected, and is in no log.
 *
 * @module
 */
import { formatIPAddress, parseIPAddress } from '../../cell/ip-address.ts'

/** The part of a request that is used. */
export interface ClientRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/**
 * One text for each client: its IPv4 address, or the first half of its IPv6 address, as whoever has one address has all
 * behind that half.
 *
 * @param trustsForwarded - whether a proxy in front says who its client is: it adds that at the end of `X-Forwarded-For`, and
 *   what is before it the client may have written
 */
export function clientOf({ headers, socket }: ClientRequest, trustsForwarded: boolean): string {
  const forwarded = trustsForwarded ? headers['x-forwarded-for'] : undefined
  const told = String(forwarded ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  const bytes = parseIPAddress(told ?? '') ?? parseIPAddress((socket.remoteAddress ?? '').replace(/%.*$/, ''))
  if (bytes === undefined) return 'unknown'
  if (bytes.length === 4) return formatIPAddress(bytes)
  const isMapped = bytes.subarray(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff))
  return isMapped
    ? formatIPAddress(bytes.slice(12))
    : formatIPAddress(bytes.map((byte, index) => (index < 8 ? byte : 0)))
}
