/**
 * What a stream's attachment needs of the client and its circuits, and how a circuit is left without an answer.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { encodeEnd } from '../cell/end.ts'
import { EndReason } from '../cell/reasons.ts'
import type { Clock } from '../clock.ts'
import type { StreamCarrier, StreamPlace } from '../stream/carrier.ts'
import { HalfClosedStream } from '../stream/half-closed.ts'
import type { StreamState } from '../stream/legality.ts'
import { ReceiveWindow, SendWindow } from '../stream/windows.ts'
import type { AttemptFault } from './attempt-outcome.ts'
import type { ExitWish } from './exit-choice.ts'

/** A circuit that a stream can be attached to. */
export interface AttachableCircuit {
  /** Where the stream gets its id. */
  readonly carrier: StreamCarrier
  /** The fingerprints of its relays, guard first. */
  readonly fingerprints: readonly string[]
  /** The stream failed here in a way that speaks against the circuit, or its exit. */
  failed(fault: AttemptFault, wish: ExitWish): void
  /** The stream is here no more. */
  released(): void
}

/** What an attachment needs of the client. */
export interface AttachmentOptions {
  /** What the stream is for. */
  readonly wish: ExitWish
  /** Finds or builds a circuit, and counts the stream as one of its own. */
  nextCircuit(signal: AbortSignal): Promise<AttachableCircuit>
  /** True for an address that the stream would not be connected to, wherever: when an exit's policy is against that, all is said. */
  refuses?(address: string): boolean
  /** How long attempt number `n` (from 0) may take, in ms, or Infinity. */
  attemptTimeout(n: number): number
  /** How long all attempts together may take, in ms, or Infinity. */
  readonly timeout: number
  readonly clock: Clock
}

/**
 * Gives up a place whose exit has not answered BEGIN or RESOLVE. Its entry stays behind and counts what may still come: CONNECTED, and
 * SENDMEs for the `cells` cells of DATA that were sent. A lookup has no END.
 */
export function leaveUnanswered(place: StreamPlace, state: StreamState, cells: number): void {
  const window = new SendWindow()
  if (state === 'resolving') {
    place.leave(new HalfClosedStream('ended-resolving', place, window, new ReceiveWindow()))
    return
  }
  window.take(cells)
  place.send(RelayCommand.END, encodeEnd(EndReason.MISC))
  place.leave(new HalfClosedStream('ended-connecting', place, window, new ReceiveWindow()))
}
