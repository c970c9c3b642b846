/**
 * A stream's place on a hop: its id, and what it sends through.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay-cell-v0.ts'
import type { CellSource, CreditWaiter, StreamEndpoint, StreamPlace } from '../stream/carrier.ts'
import { atEndOfTurn } from '../stream/end-of-turn.ts'
import type { Hop } from './hop.ts'
import type { Outbox } from './outbox.ts'
import { SHORT_DATA } from './short-cells.ts'

export class HopPlace implements StreamPlace {
  readonly id: number
  readonly maxData: number = MAX_DATA
  readonly shortData: number = SHORT_DATA
  readonly #hop: Hop
  readonly #outbox: Outbox
  /** Cells of credit that are set aside. */
  #reserved = 0

  constructor(id: number, hop: Hop, outbox: Outbox) {
    this.id = id
    this.#hop = hop
    this.#outbox = outbox
  }

  get credit(): number {
    return this.#hop.line.credit
  }

  reserve(): void {
    this.#reserved += 1
    this.#hop.line.reserve()
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    if (reserved) this.#unreserve()
    // A lone reserved cell is a tail that is sealed at the end of a turn: others of this circuit may follow it.
    const soon = reserved && cells === 1
    this.#outbox.addData(this.#hop, this.id, source, cells, soon)
    if (soon) atEndOfTurn(() => this.#outbox.flush())
  }

  send(command: number, body: Uint8Array): void {
    this.#outbox.add(this.#hop, command, this.id, body)
  }

  wait(waiter: CreditWaiter): void {
    this.#hop.line.wait(waiter)
  }

  unwait(waiter: CreditWaiter): void {
    this.#hop.line.unwait(waiter)
  }

  leave(successor?: StreamEndpoint): void {
    this.#hop.streams.replace(this.id, successor)
    if (this.#reserved === 0) return
    while (this.#reserved > 0) this.#unreserve()
    this.#hop.line.serve()
  }

  #unreserve(): void {
    this.#reserved -= 1
    this.#hop.line.unreserve()
  }
}
