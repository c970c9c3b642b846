/**
 * What may be seen of a circuit from outside, and who looks.
 *
 * @module
 */
import type { Circuit } from '../../circuit/circuit.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { DirectoryServer } from '../../relay.ts'

/**
 * What a circuit is for:
 * - `streams`: those of the application
 * - `directory`: a relay's own directory, in one hop
 * - `onion`: an onion service; to meet it, to be introduced to it, or to look for where
 */
export type CircuitPurpose = 'streams' | 'directory' | 'onion'

/** A circuit, as far as it may be seen. */
export interface SeenCircuit {
  readonly circuit: Circuit
  readonly purpose: CircuitPurpose
  /** Its relays, guard first; of the server of a directory nothing else may be known than where it is. */
  readonly path: readonly (DirectoryRelay | DirectoryServer)[]
  /** True when no new stream may come. */
  expired(now: number): boolean
}

/** Who is told of circuits: of the few changes of their state, never of cells. */
export interface CircuitWatcher {
  /** A circuit is being built. Its opening and its end are seen from here on. */
  begun(circuit: SeenCircuit): void
  /** It takes no more streams. */
  retired(circuit: SeenCircuit): void
}
