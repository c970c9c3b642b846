/**
 * What a client of onion services needs of the Tor client that it belongs to.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { ExtensionTarget } from '../../circuit/build/extend-to.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { CongestionControlSetup } from '../../circuit/congestion/negotiated.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import type { Platform } from '../../platform/platform.ts'

/** A circuit of its own for one purpose, open. */
export interface OnionCircuit {
  readonly circuit: Circuit
  /** What those who watch the client know it as. */
  readonly seen: object
  /** Of its relays, guard first. The last may be one that somebody else has described: then its identity. */
  readonly fingerprints: readonly string[]
}

/** A circuit to a relay that somebody else has chosen. */
export interface OnionCircuitToRelay extends OnionCircuit {
  /** 20 bytes that only this end and that relay know (KH in tor-spec, "Setting circuit keys"). */
  readonly proof: Uint8Array
}

/** A request to a directory. */
export interface DirectoryQuery {
  readonly path: string
  /** The most bytes of the answer. */
  readonly limit: number
}

/** Circuits, directories, time and chance. */
export interface OnionNetwork {
  readonly clock: Clock
  readonly platform: Platform
  /** True on a private network. */
  readonly testing: boolean
  /** A whole number from 0 up to but not including `limit`. */
  random(limit: number): number
  /** The directory of now, fetched anew if it has to be. */
  directory(signal: AbortSignal): Promise<NetworkDirectory>
  /**
   * A circuit of three hops to a relay that clients and services can meet at.
   *
   * @param isAgain - one that was there before was of no use: this one is new
   */
  toRendezvousPoint(signal: AbortSignal, isAgain?: boolean): Promise<OnionCircuit & { readonly point: DirectoryRelay }>
  /**
   * A circuit of four hops to a relay that somebody else has chosen.
   *
   * @throws TorError when the last relay could not be reached, on more than one way; or what befell the client
   */
  toRelay(target: ExtensionTarget, signal: AbortSignal): Promise<OnionCircuitToRelay>
  /** Asks a relay's directory, over such a circuit. */
  ask(relay: DirectoryRelay, query: DirectoryQuery, signal: AbortSignal): Promise<string>
  /** What comes shares no relay by intention with what was before, but the guard. */
  renew(): void
  /** Congestion control with services, if the network has it: how many cells a SENDME stands for is the service's word. */
  congestionControl(path: 'exit' | 'onion'): CongestionControlSetup | undefined
}
