/**
 * What a stream needs of its circuit.
 *
 * @module
 */
import { parseIPv4, parseIPv6 } from '../cell/ip-address.ts'
import type { DirectoryRelay } from '../directory/network-directory.ts'
import type { AddressFamily } from '../stream/options.ts'
import type { Isolation } from './isolation.ts'

export interface CircuitNeed {
  /** The port that the exit must connect to; undefined for a name lookup, which any exit does. */
  readonly port: number | undefined
  /** Over which address families. */
  readonly family: AddressFamily
  readonly isolation: Isolation
  /** Fingerprints of exits that have refused this stream. */
  readonly excludedExits: ReadonlySet<string>
  /** The user's own choice of exits. */
  readonly exit: ((relay: DirectoryRelay) => boolean) | undefined
}

/** The address families over which `host` can be reached at all: an address has one. */
export function familyOf(host: string, family: AddressFamily): AddressFamily {
  if (parseIPv4(host)) return 'ipv4'
  if (parseIPv6(host)) return 'ipv6'
  return family
}

/** True when the exit's policy lets this stream through. */
export function allowsTarget(exit: DirectoryRelay, { port, family }: Pick<CircuitNeed, 'port' | 'family'>): boolean {
  if (port === undefined) return true
  const ipv4 = family !== 'ipv6' && exit.exitPolicy.allows(port)
  // A name may have no IPv6 address at all: an exit that must do without IPv4 is chosen only when IPv6 is demanded.
  const ipv6 = family === 'ipv6' && (exit.exitPolicyIPv6?.allows(port) ?? false)
  return ipv4 || ipv6
}
