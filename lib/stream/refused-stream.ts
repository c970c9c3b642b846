/**
 * A stream that the far end begins and that nobody takes: END, and what counts what may still come.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { encodeEnd } from '../cell/relay/end.ts'
import type { PendingStream, StreamPlace } from './contract/carrier.ts'
import type { StreamState } from './contract/legality.ts'
import type { FlowOwner } from './contract/stream-flow.ts'
import { HalfClosedStream } from './flow/half-closed.ts'
import { WindowFlow } from './flow/window-flow.ts'
import { XonXoffFlow } from './flow/xon-xoff-flow.ts'

const NOBODY: FlowOwner = { waiting: 0, send: () => undefined }

export class RefusedStream implements PendingStream {
  readonly state: StreamState = 'accepting'
  readonly #reason: number

  /** @param reason - see `EndReason` */
  constructor(reason: number) {
    this.#reason = reason
  }

  attached(place: StreamPlace): void {
    const flow = place.xonXoff ? new XonXoffFlow(place.xonXoff, NOBODY) : new WindowFlow(NOBODY)
    place.send(RelayCommand.END, encodeEnd(this.#reason))
    place.leave(new HalfClosedStream(flow.states['ended-open'], flow.late()))
  }

  dataArrived(): void {
    // it has left its place by then
  }

  messageArrived(): void {
    // as above
  }

  readProcessed(): void {
    // as above
  }

  circuitFailed(): void {
    // nobody waits
  }
}
