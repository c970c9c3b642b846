/**
 * Is a certificate for this server (RFC 9525)? By subjectAltName alone: the common name says nothing.
 *
 * @module
 */
import { equals } from 'uint8arrays/equals'
import { parseIPAddress } from '../cell/ip-address.ts'
import type { GeneralName } from './general-name.ts'

/** Labels of letters, digits, hyphens and underscores, which the web has: 63 at most each, 253 in all. */
const HOST_NAME = /^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/i

/** True for the name of a host, in ASCII and without a dot at its end. */
export const isHostName = (text: string): boolean => HOST_NAME.test(text)

/** True for what a certificate may be for: a host name, perhaps with `*` in place of its first label. */
export const isPresentedName = (text: string): boolean => isHostName(text.replace(/^\*\./, ''))

/**
 * True when one of the names is the server's.
 *
 * @param serverName - a host name, or an IP address without brackets; the latter matches addresses only
 */
export function isForServer(names: readonly GeneralName[], serverName: string): boolean {
  const address = parseIPAddress(serverName)
  if (address !== undefined) return names.some((name) => name.kind === 'ip' && equals(name.bytes, address))
  const host = serverName.replace(/\.$/, '')
  if (!isHostName(host) || parseIPAddress(host) !== undefined) return false
  return names.some((name) => name.kind === 'dns' && matches(name.text, host.toLowerCase()))
}

/** `*` stands for one whole label, the leftmost, and two more at least must follow (RFC 9525, section 6.3). */
function matches(presented: string, host: string): boolean {
  if (!presented.startsWith('*.')) return presented === host && isHostName(presented)
  const base = presented.slice(1)
  const dot = host.indexOf('.')
  return dot > 0 && host.slice(dot) === base && base.indexOf('.', 1) > 0 && isHostName(base.slice(1))
}
