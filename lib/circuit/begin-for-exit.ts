/**
 * A BEGIN as its exit gets it (tor-spec, "Opening streams"; C tor, connection_ap_get_begincell_flags): that IPv6 will do
 * is said to an exit alone whose policy lets out the port over it. To all others it means nothing, and would tell this
 * client from others.
 *
 * @module
 */
import { BeginFlag, decodeBegin } from '../cell/relay/begin.ts'
import type { RelayPortPolicy } from '../relay.ts'

/**
 * @param body of a BEGIN that says what would do for the stream
 * @param policy the exit's for IPv6; undefined where it is not known: then it is told if IPv6 was asked for in so many
 * words, and otherwise not
 */
export function beginForExit(body: Uint8Array, policy: RelayPortPolicy | undefined): Uint8Array {
  const addressSize = body.indexOf(0) + 1
  if (body.length === addressSize) return body
  const { port, flags } = decodeBegin(body)
  // With nothing but IPv6 there is no other way.
  if ((flags & BeginFlag.IPV4_NOT_OK) !== 0) return body
  const isAllowed = policy?.allows(port) ?? (flags & BeginFlag.IPV6_PREFERRED) !== 0
  return isAllowed ? body : body.subarray(0, addressSize)
}
