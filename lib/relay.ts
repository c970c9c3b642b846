/**
 * What a client knows of a relay before it talks to it.
 *
 * @module
 */
import { parseIPAddress } from './cell/ip-address.ts'
import type { LinkAddress } from './platform/links/transport.ts'

/**
 * What is known of a relay before there is a directory: enough for a link, and for a circuit of one hop to its own
 * directory.
 */
export interface DirectoryServer {
  /** Where it listens: its OR addresses, the one to dial first. At least one. */
  readonly addresses: readonly LinkAddress[]
  /** Its RSA identity: the SHA-1 of the key, 20 bytes; the fingerprint. */
  readonly rsaIdentity: Uint8Array
  /** Its Ed25519 identity key, 32 bytes, where it is known. */
  readonly ed25519Identity?: Uint8Array | undefined
}

/** Which versions of which subprotocols a relay speaks (tor-spec, "Subprotocol versioning"). */
export interface RelayProtocols {
  /** True when version `version` of the subprotocol `name` is spoken, as of `Relay` or `FlowCtrl`. */
  supports(name: string, version: number): boolean
}

/** To which ports a relay lets streams out. */
export interface RelayPortPolicy {
  /** True when connections to `port` are let out. */
  allows(port: number): boolean
}

/** A relay, as a directory (or its operator) describes it. */
export interface Relay extends DirectoryServer {
  /** Its Ed25519 identity key, 32 bytes. */
  readonly ed25519Identity: Uint8Array
  /** Its ntor onion key, a Curve25519 public key of 32 bytes. */
  readonly ntorOnionKey: Uint8Array
  /**
   * What it says to speak. Nothing beyond what every relay speaks is asked of one of which this is unknown: with that
   * there is no ntor-v3, and so no congestion control. `parseProtocols` reads it from the `pr` line of a consensus, or
   * from the `proto` line of a relay's descriptor.
   */
  readonly protocols?: RelayProtocols | undefined
  /**
   * To which ports it lets streams out over IPv6, where that is known. An exit of which it is not known is told that
   * IPv6 will do by a stream alone that prefers it, or wants nothing else.
   */
  readonly exitPolicyIPv6?: RelayPortPolicy | undefined
}

/**
 * Checks a relay that a caller gives.
 *
 * @throws TypeError or RangeError naming the argument and the field
 */
export function checkRelay(relay: Relay, argument: string): void {
  checkDirectoryServer(relay, argument)
  checkKey(relay.ed25519Identity, 32, argument, 'ed25519Identity')
  checkKey(relay.ntorOnionKey, 32, argument, 'ntorOnionKey')
  if (relay.protocols !== undefined && typeof relay.protocols?.supports !== 'function') {
    throw new TypeError(`Cannot use ${argument} as its protocols have no function supports`)
  }
  if (relay.exitPolicyIPv6 !== undefined && typeof relay.exitPolicyIPv6?.allows !== 'function') {
    throw new TypeError(`Cannot use ${argument} as its exitPolicyIPv6 has no function allows`)
  }
}

/**
 * Checks what must be known of a relay for a link to it.
 *
 * @throws TypeError or RangeError naming the argument and the field
 */
export function checkDirectoryServer(relay: DirectoryServer, argument: string): void {
  if (typeof relay !== 'object' || relay === null) throw new TypeError(`Cannot use ${argument} as it is no relay`)
  if (!Array.isArray(relay.addresses) || relay.addresses.length === 0)
    throw new TypeError(`Cannot use ${argument} as it has no addresses`)
  for (const { hostname, port } of relay.addresses as readonly LinkAddress[]) {
    if (parseIPAddress(hostname) === undefined)
      throw new TypeError(`Cannot use ${argument} as its addresses must be IP addresses`)
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new RangeError(`Cannot use ${argument} as a port must be between 1 and 65535: ${port}`)
  }
  checkKey(relay.rsaIdentity, 20, argument, 'rsaIdentity')
  if (relay.ed25519Identity !== undefined) checkKey(relay.ed25519Identity, 32, argument, 'ed25519Identity')
}

function checkKey(key: unknown, size: number, argument: string, field: string): void {
  if (!(key instanceof Uint8Array) || key.length !== size)
    throw new TypeError(`Cannot use ${argument} as its ${field} must be ${size} bytes`)
}
