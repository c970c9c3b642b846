/**
 * The place that a stream of the client's sends through, whichever circuit it is on (tor-spec, "Opening streams" for
 * optimistic data).
 *
 * Until the exit answers it remembers what the stream sent, so that the next circuit gets the same: the opening
 * message, then the optimistic data. That takes credit from the stream's flow control, which begins anew on each
 * circuit and may be of another kind there, and from the circuit's. The stream's writes wait until all of it is sent,
 * also when CONNECTED comes before that.
 *
 * Which circuit that is, and whether there is another one, is for the attachment to say (attachment.ts).
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import { SHORT_DATA } from '../../circuit/short-cells.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import type {
  CellSource,
  CreditWaiter,
  HalfClosedEndpoint,
  PendingStream,
  StreamPlace,
  XonXoffSetup,
} from '../../stream/contract/carrier.ts'
import type { FlowWaiter, StreamFlow } from '../../stream/contract/stream-flow.ts'
import { leaveUnanswered } from './attachable-circuit.ts'
import { OptimisticData } from './optimistic-data.ts'

export class OptimisticReplay implements StreamPlace, CreditWaiter, FlowWaiter {
  readonly maxData: number = MAX_DATA
  readonly shortData: number = SHORT_DATA
  readonly #stream: PendingStream
  readonly #left: () => void
  readonly #data = new OptimisticData()
  /** The stream's place on a circuit, while it is on one. */
  #place: StreamPlace | undefined
  /** The stream's writer, while it waits for credit. */
  #waiter: CreditWaiter | undefined
  /** The exit has answered: there will be no other circuit. */
  #answered = false
  #over = false
  #replayed: Deferred<void> | undefined

  /**
   * @param stream - the stream
   * @param left - called when the stream has left
   */
  constructor(stream: PendingStream, left: () => void) {
    this.#stream = stream
    this.#left = left
  }

  // What the stream calls.

  get id(): number {
    return this.#place?.id ?? 0
  }

  get xonXoff(): XonXoffSetup | undefined {
    return this.#place?.xonXoff
  }

  get credit(): number {
    // While a replay is under way the stream stands behind it.
    return this.#place !== undefined && this.#data.replayed ? Math.min(this.#place.credit, this.#room) : 0
  }

  get replayPending(): Promise<void> | undefined {
    if (this.#over || this.#data.replayed) return undefined
    return (this.#replayed ??= deferred()).promise
  }

  reserve(): void {
    this.#place?.reserve()
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    if (this.#place === undefined) this.#data.drain(source, cells)
    else this.#place.sendData(this.#answered ? source : this.#data.tee(source), cells, reserved)
  }

  send(command: number, body: Uint8Array): void {
    if (!this.#answered && command !== RelayCommand.END) this.#data.open(command, body)
    this.#place?.send(command, body)
  }

  wait(waiter: CreditWaiter): void {
    this.#waiter = waiter
    if (this.#data.replayed && this.#room > 0) this.#place?.wait(this)
  }

  unwait(waiter: CreditWaiter): void {
    if (this.#waiter !== waiter) return
    this.#waiter = undefined
    if (this.#data.replayed) this.#place?.unwait(this)
  }

  leave(successor?: HalfClosedEndpoint): void {
    this.#place?.unwait(this)
    this.#place?.leave(successor)
    this.close()
    this.#left()
  }

  // What the attachment calls.

  /** Goes on on a circuit: all that was sent before is sent there. */
  enter(place: StreamPlace): void {
    this.#place = place
    const { command, body } = this.#data.opening
    place.send(command, body)
    this.#data.rewind()
    this.#stream.moved?.()
    this.#replay(Infinity)
  }

  /** Leaves a circuit that has not answered; what may still come is judged there. */
  abandon(): void {
    const place = this.#place
    const { flow } = this.#stream
    this.#depart()
    if (place) leaveUnanswered(place, flow)
  }

  /** The exit has refused the stream: nothing more will come. */
  refused(): void {
    const place = this.#place
    this.#depart()
    place?.leave()
  }

  /** The circuit is gone. */
  lost(): void {
    this.#depart()
  }

  /** The exit has answered: nothing will be sent again but what this circuit has not got yet. */
  answered(): void {
    const wasFull = this.#room === 0
    this.#answered = true
    if (!this.#data.replayed) return
    this.#data.clear()
    if (wasFull) this.#serve(Infinity)
  }

  /** It is over: it holds nothing any more, but the id that an entry may keep taken after the stream's END. */
  close(): void {
    this.#over = true
    this.#waiter = undefined
    this.#data.clear()
    this.#replayed?.resolve()
  }

  // What the circuit, and the stream's flow control, call.

  /** Credit for whoever stands in line: the replay first, then the stream's writer. */
  grant(cells: number): void {
    if (this.#data.replayed) this.#serve(cells)
    else this.#replay(cells)
  }

  flowOpened(): void {
    if (!this.#data.replayed) this.#replay(Infinity)
  }

  /** How many cells more the stream may send, for all that has to be remembered of them. */
  get #room(): number {
    return this.#answered ? Infinity : Math.max(0, this.#data.room)
  }

  /**
   * From now on it is on no circuit. The stream's last bytes, whose credit was set aside here, join what the next
   * circuit gets.
   */
  #depart(): void {
    this.#place?.unwait(this)
    this.#place = undefined
    if (!this.#answered) this.#stream.moved?.()
  }

  /**
   * Sends again what the stream sent before, as far as there is credit: `most` cells if this is a turn that the circuit
   * granted. Then the stream itself goes on.
   */
  #replay(most: number): void {
    const place = this.#place
    if (place === undefined || this.#over) return
    let granted = most
    while (!this.#data.replayed) {
      const flow = this.#stream.flow as StreamFlow // as it has sent DATA
      if (flow.available === 0) {
        flow.wait(this)
        return
      }
      const cells = Math.min(this.#data.cellsLeft, flow.available, granted === Infinity ? place.credit : granted)
      if (cells === 0) {
        place.wait(this)
        return
      }
      const before = this.#data.bytes
      flow.takeCredit(cells)
      place.sendData(this.#data, cells, false)
      flow.bytesSent(this.#data.bytes - before)
      granted -= cells
    }
    if (this.#answered) this.#data.clear()
    this.#replayed?.resolve()
    this.#replayed = undefined
    this.#serve(granted)
  }

  /** It is the turn of the stream's writer. */
  #serve(granted: number): void {
    const waiter = this.#waiter
    const place = this.#place
    if (waiter === undefined || place === undefined || this.#room === 0) return
    const cells = Math.min(granted === Infinity ? place.credit : granted, this.#room)
    if (cells > 0) {
      this.#waiter = undefined
      waiter.grant(cells)
    } else {
      place.wait(this)
    }
  }
}
