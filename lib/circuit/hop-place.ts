/**
 * A stream's place on a hop: its id, and what it sends through.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { MAX_DATA } from '../cell/relay/relay-cell-v0.ts'
import type {
  CellSource,
  CreditWaiter,
  HalfClosedEndpoint,
  StreamPlace,
  XonXoffSetup,
} from '../stream/contract/carrier.ts'
import { beginForExit } from './begin-for-exit.ts'
import type { Hop } from './hop.ts'
import type { Outbox } from './outbox.ts'
import { SHORT_DATA } from './short-cells.ts'

export class HopPlace implements StreamPlace {
  readonly id: number
  readonly maxData: number = MAX_DATA
  readonly shortData: number = SHORT_DATA
  readonly #hop: Hop
  readonly #outbox: Outbox
  /** Who stands in line for this place, once it has. */
  #waiter: CreditWaiter | undefined
  /** Cells of credit that are set aside. */
  #reserved = 0

  constructor(id: number, hop: Hop, outbox: Outbox) {
    this.id = id
    this.#hop = hop
    this.#outbox = outbox
  }

  get xonXoff(): XonXoffSetup | undefined {
    return this.#hop.flow.xonXoff
  }

  get credit(): number {
    return this.#hop.line.creditOf(this.#waiter)
  }

  reserve(): void {
    this.#reserved += 1
    this.#hop.line.reserve()
    this.#hop.line.spent(this.#waiter, 1)
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    if (reserved) this.#unreserve()
    this.#outbox.addData(this.#hop, this.id, source, cells, reserved)
    this.#hop.line.spent(this.#waiter, reserved ? cells - 1 : cells)
  }

  send(command: number, body: Uint8Array): void {
    const sent = command === RelayCommand.BEGIN ? beginForExit(body, this.#hop.exitPolicyIPv6) : body
    this.#outbox.add(this.#hop, command, this.id, sent)
  }

  wait(waiter: CreditWaiter): void {
    this.#waiter = waiter
    this.#hop.line.wait(waiter)
  }

  unwait(waiter: CreditWaiter): void {
    this.#hop.line.unwait(waiter)
  }

  leave(successor?: HalfClosedEndpoint): void {
    this.#hop.streams.replace(this.id, successor)
    if (this.#waiter) this.#hop.line.forget(this.#waiter)
    this.#waiter = undefined
    if (this.#reserved === 0) return
    while (this.#reserved > 0) this.#unreserve()
    this.#hop.line.serve()
  }

  #unreserve(): void {
    this.#reserved -= 1
    this.#hop.line.unreserve()
  }
}
