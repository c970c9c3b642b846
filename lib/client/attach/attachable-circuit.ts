/**
 * What a stream's attachment needs of the client and its circuits, and how a circuit is left without an answer.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { encodeEnd } from '../../cell/relay/end.ts'
import { EndReason } from '../../cell/reasons.ts'
import type { Clock } from '../../base/waiting/clock.ts'
import type { StreamCarrier, StreamPlace } from '../../stream/contract/carrier.ts'
import { HalfClosedStream } from '../../stream/flow/half-closed.ts'
import type { SocketCircuit, StreamTraffic } from '../../stream/contract/socket-info.ts'
import type { StreamFlow } from '../../stream/contract/stream-flow.ts'
import { leaveLookup } from '../../stream/lookup.ts'
import type { AttemptFault } from './attempt-outcome.ts'
import type { ExitRequirements } from '../paths/exit-choice.ts'

/** A circuit, as those know it who watch. */
export interface WatchedCircuit {
  /** What a watcher was told of it as, if not this. */
  readonly seenAs?: object | undefined
}

/** A circuit that a stream can be attached to. */
export interface AttachableCircuit extends WatchedCircuit {
  /** Where the stream gets its id. */
  readonly carrier: StreamCarrier
  /** The fingerprints of its relays, guard first. */
  readonly fingerprints: readonly string[]
  /** The stream failed here in a way that speaks against the circuit, or its exit. */
  failed(fault: AttemptFault, requirements: ExitRequirements): void
  /** The stream is here no more. */
  released(): void
}

/** A stream or a lookup of the client's, or of a visitor of its services, as far as it may be seen. */
export interface SeenStream {
  /** Where it goes. */
  readonly requirements: Pick<ExitRequirements, 'host' | 'ports'>
  /** How far it is: it waits for a circuit, or for the exit's answer, or it has that, or it is over. */
  readonly phase: 'waiting' | 'connecting' | 'open' | 'closed'
  /** The circuit of this attempt, once there is one. */
  readonly on: WatchedCircuit | undefined
  readonly flow: StreamFlow | undefined
  readonly traffic: StreamTraffic | undefined
}

/** Who is told of streams: of the few changes of their phase, never of bytes. */
export interface StreamWatcher {
  /** A stream has begun, has come further, or is over. */
  streamChanged(stream: SeenStream): void
  /** What a stream tells of the circuit that it is on. */
  circuitOf(circuit: AttachableCircuit): SocketCircuit | undefined
}

/** What an attachment needs of the client. */
export interface AttachmentOptions {
  /** What the stream is for. */
  readonly requirements: ExitRequirements
  /** Finds or builds a circuit, and counts the stream as one of its own. */
  nextCircuit(signal: AbortSignal): Promise<AttachableCircuit>
  /**
   * True for an address that the stream would not be connected to, wherever: when an exit's policy is against that, all
   * is said.
   */
  refuses?(address: string): boolean
  /** True where an END is the word of the one that is asked for: no other circuit leads to another answer. */
  readonly isFinal?: boolean
  /** How many circuits may be lost before an answer, where that is fewer than usual. */
  readonly mostAttempts?: number
  /** How long attempt number `n` (from 0) may take, in ms, or Infinity. */
  attemptTimeout(n: number): number
  /** How long all attempts together may take, in ms, or Infinity. */
  readonly timeout: number
  readonly clock: Clock
  readonly watcher?: StreamWatcher | undefined
  /** True when the client has taken another identity since. */
  isOutdated?(): boolean
}

/**
 * Gives up a place whose exit has not answered BEGIN or RESOLVE. An entry stays behind that judges what may still come.
 *
 * @param flow - the stream's flow control there
 */
export function leaveUnanswered(place: StreamPlace, flow: StreamFlow | undefined): void {
  if (flow === undefined) {
    leaveLookup(place)
    return
  }
  place.send(RelayCommand.END, encodeEnd(EndReason.MISC))
  place.leave(new HalfClosedStream(flow.states['ended-connecting'], flow.late()))
}
