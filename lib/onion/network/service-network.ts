/**
 * What an onion service needs of the Tor client that it belongs to, beside what a client of services needs.
 *
 * @module
 */
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import type { StreamTraffic } from '../../stream/contract/socket-info.ts'
import type { StreamFlow } from '../../stream/contract/stream-flow.ts'
import type { OnionNetwork } from './onion-network.ts'

/** A visitor's stream, as far as it may be seen. */
export interface VisitorStream {
  /** The service. */
  readonly requirements: { readonly host: string; readonly ports: readonly number[] }
  /** It waits to be taken, was taken, or is over. */
  readonly phase: 'connecting' | 'open' | 'closed'
  /** Its circuit, as {@link OnionCircuit} has it. */
  readonly on: { readonly seenAs: object }
  readonly flow: StreamFlow | undefined
  readonly traffic: StreamTraffic | undefined
}

export interface ServiceNetwork extends OnionNetwork {
  /** The last directory that there was. */
  known(): NetworkDirectory | undefined
  /** Calls `changed` with each new directory, until the returned function is called. */
  onDirectory(changed: (directory: NetworkDirectory) => void): () => void
  /**
   * A relay that can be an introduction point, drawn by weight.
   *
   * @param avoided - fingerprints
   * @returns undefined when there is no other
   */
  introductionRelay(directory: NetworkDirectory, avoided: ReadonlySet<string>): DirectoryRelay | undefined
  /** A visitor's stream has begun, has come further, or is over. Those are told who watch the client. */
  visited(stream: VisitorStream): void
  /**
   * Brings a document to a relay's directory, over a circuit of its own.
   *
   * @throws TorError `DIRECTORY_UNAVAILABLE` when it does not take it, or what befell the circuit
   */
  post(relay: DirectoryRelay, path: string, body: string, signal: AbortSignal): Promise<void>
}
