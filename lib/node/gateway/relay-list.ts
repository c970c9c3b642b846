/**
 * Which relays there are, as a gateway asks it.
 *
 * @module
 */

/** The relays of a consensus. */
export interface RelayList {
  /** Whether the consensus holds now. */
  readonly isLive: boolean
  /** True when it does, and a relay of it has exactly this address, as `formatIPAddress` writes it, and this port. */
  has(address: string, port: number): boolean
}
