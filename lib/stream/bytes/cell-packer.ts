/**
 * Packs what is written into cells, as far as there is credit. Without credit the run waits, and so does the write that
 * brought it; nothing is queued behind the application's back.
 *
 * The last bytes of a run, less than a cell, become the tail: they wait for the end of the turn in a cell whose credit is
 * reserved, so that writes of one turn share cells.
 *
 * @module
 */
import type { Why } from '../../base/why.ts'
import { atEndOfTurn } from '../../base/waiting/end-of-turn.ts'
import type { CellSource, CreditWaiter, StreamPlace } from '../contract/carrier.ts'
import type { FlowWaiter, StreamFlow } from '../contract/stream-flow.ts'
import type { RelayDataRun } from './relay-data-run.ts'

export class CellPacker implements CellSource, CreditWaiter, FlowWaiter {
  #flow: StreamFlow
  /** Where cells go once the stream has an id and may send DATA. */
  #place: StreamPlace | undefined
  /** The run that is being packed. Writes come one at a time, so there is never a second. */
  #run: RelayDataRun | undefined
  #tail: Uint8Array | undefined
  #tailSize = 0
  /** How much of the tail is in cells already, while a run is being packed. */
  #tailTaken = 0
  #sent = 0

  constructor(flow: StreamFlow) {
    this.#flow = flow
  }

  /** Bytes that are in cells, in all. */
  get sent(): number {
    return this.#sent
  }

  /** True while the tail waits for the end of the turn. */
  get hasTail(): boolean {
    return this.#tailSize > 0
  }

  /** Pending while what was sent is on its way into cells of the circuit (see {@link StreamPlace}). */
  get replayPending(): Promise<void> | undefined {
    return this.#place?.replayPending
  }

  /** DATA may go to `place` from now on. */
  open(place: StreamPlace): void {
    this.#place = place
    this.#resume()
  }

  /**
   * The place is on another circuit, or on none: what was accepted leaves for it now, and what waits does so for the
   * new flow control.
   */
  changeFlow(flow: StreamFlow): void {
    this.#flow = flow
    this.seal()
    this.#resume()
  }

  /** Begins to pack a run. The one before has been packed. */
  add(run: RelayDataRun): void {
    this.#run = run
    this.#pack(Infinity)
  }

  /** Puts the tail into a cell; its credit is reserved. Call it before any END of ours. */
  seal(): void {
    if (this.#tailSize > 0) this.#send(1)
  }

  /** The tail cannot be sent any more. */
  dropTail(): void {
    this.#tailSize = 0
  }

  /** Nothing more is packed: the run that waits fails with the reason. */
  stop(why: Why): void {
    this.#place?.unwait(this)
    const run = this.#run
    this.#run = undefined
    run?.fail(why())
  }

  flowOpened(): void {
    this.#resume()
  }

  grant(cells: number): void {
    if (this.#run) this.#pack(cells)
  }

  fill(target: Uint8Array, offset: number, size: number): number {
    let filled = 0
    if (this.#tailTaken < this.#tailSize) {
      filled = Math.min(size, this.#tailSize - this.#tailTaken)
      target.set((this.#tail as Uint8Array).subarray(this.#tailTaken, this.#tailTaken + filled), offset)
      this.#tailTaken += filled
    }
    if (filled < size && this.#run) {
      const piece = this.#run.take(size - filled)
      target.set(piece, offset + filled)
      filled += piece.length
    }
    return filled
  }

  #resume(): void {
    if (this.#run) this.#pack(Infinity)
  }

  /** Packs what the credit allows, `most` cells if this is a turn that the circuit granted. */
  #pack(most: number): void {
    const run = this.#run as RelayDataRun
    const place = this.#place
    if (place === undefined) return
    try {
      run.checkAttached()
    } catch (error) {
      this.#run = undefined
      run.fail(error)
      return
    }
    let granted = most
    for (;;) {
      const waiting = this.#tailSize + run.remaining
      const reserved = this.#tailSize > 0 ? 1 : 0
      const circuit = granted === Infinity ? place.credit : granted
      const credit = Math.max(0, Math.min(this.#flow.available - reserved, circuit) + reserved)
      if (waiting > place.shortData) {
        if (credit === 0) break
        const cells = Math.min(credit, Math.max(1, Math.floor(waiting / place.maxData)))
        granted -= cells - reserved
        this.#send(cells)
        continue
      }
      if (waiting > this.#tailSize) {
        if (credit === 0) break
        if (reserved === 0) {
          place.reserve()
          atEndOfTurn(() => this.seal())
        }
        this.#keep(run.take(run.remaining), place.shortData)
      }
      place.unwait(this)
      this.#run = undefined
      run.finish()
      return
    }
    if (this.#flow.available > 0) {
      place.wait(this)
    } else {
      place.unwait(this)
      this.#flow.wait(this)
    }
  }

  /**
   * Sends `cells` cells of tail and run. Flow control counts what is sent, so that it knows what may come in answer.
   */
  #send(cells: number): void {
    const bytes = this.#tailSize + (this.#run?.remaining ?? 0)
    this.#flow.takeCredit(cells)
    ;(this.#place as StreamPlace).sendData(this, cells, this.#tailSize > 0)
    this.#tailSize = 0
    this.#tailTaken = 0
    const sent = bytes - (this.#run?.remaining ?? 0)
    this.#sent += sent
    this.#flow.bytesSent(sent)
  }

  #keep(bytes: Uint8Array, capacity: number): void {
    this.#tail ??= new Uint8Array(capacity)
    this.#tail.set(bytes, this.#tailSize)
    this.#tailSize += bytes.length
  }
}
