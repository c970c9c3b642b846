/**
 * What building needs of a circuit.
 *
 * @module
 */
import type { RelayPortPolicy } from '../../relay.ts'
import type { NegotiatedCongestionControl } from '../congestion/negotiated.ts'
import type { HopCrypto } from '../onion/hop-crypto.ts'

/** A circuit that has its place on a channel, and becomes longer. */
export interface GrowingCircuit {
  readonly hops: readonly unknown[]
  /** Sends a CREATE2, and resolves with the body of the CREATED2. */
  create(body: Uint8Array): Promise<Uint8Array>
  /** Sends a CREATE_FAST, and resolves with the body of the CREATED_FAST. */
  createFast(body: Uint8Array): Promise<Uint8Array>
  /** Sends an EXTEND2 to the last hop, and resolves with the body of the EXTENDED2. */
  extend(body: Uint8Array): Promise<Uint8Array>
  /**
   * Takes the hop whose keys are known now.
   *
   * @throws what befell the circuit meanwhile
   */
  addHop(crypto: HopCrypto, negotiated?: NegotiatedCongestionControl): { exitPolicyIPv6: RelayPortPolicy | undefined }
}
