/**
 * By what a relay of the directory is named in link specifiers (tor-spec, "EXTEND and EXTENDED cells").
 *
 * @module
 */
import { parseIPv4 } from '../../cell/ip-address.ts'
import type { LinkSpecifier } from '../../cell/link-specifier.ts'
import type { Relay } from '../../relay.ts'

/**
 * What a relay is told of the next one. C tor's clients name no IPv6 address: who does is told from them
 * (circuit_send_intermediate_onion_skin). A relay that has no other address is named by it.
 */
export function specifiersToExtend(relay: Relay): LinkSpecifier[] {
  const all = linkSpecifiers(relay)
  return all.some(({ type }) => type === 'ipv4') ? all.filter(({ type }) => type !== 'ipv6') : all
}

/**
 * All that is known of a relay: its first address of each kind, and both identities, in the order that the
 * specification wants.
 */
export function linkSpecifiers(relay: Relay): LinkSpecifier[] {
  const isIPv4 = (hostname: string): boolean => parseIPv4(hostname) !== undefined
  const ipv4 = relay.addresses.find(({ hostname }) => isIPv4(hostname))
  const ipv6 = relay.addresses.find(({ hostname }) => !isIPv4(hostname))
  return [
    ...(ipv4 ? [{ type: 'ipv4', address: ipv4.hostname, port: ipv4.port } as const] : []),
    { type: 'rsa', identity: relay.rsaIdentity },
    { type: 'ed25519', identity: relay.ed25519Identity },
    ...(ipv6 ? [{ type: 'ipv6', address: ipv6.hostname, port: ipv6.port } as const] : []),
  ]
}
