/**
 * How far a client has come, for whoever waits.
 *
 * @module
 */

/**
 * - `connecting`: to whoever serves the directory
 * - `consensus`, `certificates`, `microdescriptors`: what is being fetched and checked
 * - `circuit`: the first one is being built
 * - `ready`
 * - `closed`
 */
export type ClientPhase =
  'connecting' | 'consensus' | 'certificates' | 'microdescriptors' | 'circuit' | 'ready' | 'closed'

/** How far a client has come. */
export interface ClientStatus {
  /** What is being done. */
  readonly phase: ClientPhase
  /** 0 to 100. */
  readonly percent: number
  /** A sentence for people. It names no relay and no address. */
  readonly message: string
  /** What the user should know, such as a clock that seems wrong; empty when all is well. */
  readonly warnings: readonly string[]
}

const START: Readonly<Record<ClientPhase, readonly [percent: number, message: string]>> = {
  connecting: [5, 'Connecting to a directory server'],
  consensus: [15, 'Fetching the consensus of the network'],
  certificates: [30, 'Checking who signed the consensus'],
  microdescriptors: [40, 'Fetching the descriptions of the relays'],
  circuit: [85, 'Building the first circuit'],
  ready: [100, 'Ready'],
  closed: [0, 'Closed'],
}

/** The status at a phase, of which `done` (0 to 1) is behind. */
export function statusOf(phase: ClientPhase, done: number, warnings: readonly string[]): ClientStatus {
  const [percent, message] = START[phase]
  const end = phase === 'microdescriptors' ? START.circuit[0] : percent
  return { phase, percent: Math.floor(percent + (end - percent) * done), message, warnings }
}
