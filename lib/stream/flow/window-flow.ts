/**
 * Flow control by windows (tor-spec, "Stream-level flow control"): 500 cells each way, opened by SENDMEs for what was
 * consumed.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { CellLedger } from './cell-ledger.ts'
import { FlowWaiters } from './flow-waiters.ts'
import { STATES, type StreamStates } from '../contract/legality.ts'
import type { FlowOwner, FlowWaiter, HalfClosedRules, StreamFlow } from '../contract/stream-flow.ts'
import type { FlowControlKind, StreamWindows } from '../contract/socket-info.ts'
import { ReceiveWindow, SendWindow } from './windows.ts'

const EMPTY = new Uint8Array(0)

export class WindowFlow implements StreamFlow {
  readonly kind: FlowControlKind = 'windows'
  readonly states: StreamStates = STATES.windows
  readonly #owner: FlowOwner
  readonly #package = new SendWindow()
  readonly #deliver = new ReceiveWindow()
  readonly #ledger = new CellLedger()
  readonly #waiters = new FlowWaiters()

  constructor(owner: FlowOwner) {
    this.#owner = owner
  }

  get windows(): StreamWindows {
    return { package: this.#package.available, deliver: this.#deliver.available }
  }

  get available(): number {
    return this.#package.available
  }

  takeCredit(cells: number): void {
    this.#package.take(cells)
  }

  bytesSent(): void {
    // cells count, not bytes
  }

  wait(waiter: FlowWaiter): void {
    this.#waiters.add(waiter)
  }

  /** A SENDME: no other message is legal here. */
  messageArrived(): void {
    this.#package.increment()
    this.#waiters.call()
  }

  dataArrived(bytes: number): void {
    this.#deliver.take()
    this.#ledger.add(bytes)
  }

  bytesConsumed(bytes: number): void {
    const sendmes = this.#deliver.consumed(this.#ledger.consume(bytes))
    for (let sent = 0; sent < sendmes; sent++) this.#owner.send(RelayCommand.SENDME, EMPTY)
  }

  readProcessed(): void {
    // each cell was judged as it came
  }

  stop(): void {
    this.#waiters.clear()
  }

  late(): HalfClosedRules {
    this.stop()
    return new LateWindows(this.#package, this.#deliver)
  }
}

/** As much DATA as the deliver window still allows, and as many SENDMEs as the package window has room for. */
class LateWindows implements HalfClosedRules {
  readonly states: StreamStates = STATES.windows
  readonly isExpired: undefined
  readonly #package: SendWindow
  readonly #deliver: ReceiveWindow

  constructor(sending: SendWindow, receiving: ReceiveWindow) {
    this.#package = sending
    this.#deliver = receiving
  }

  data(): void {
    this.#deliver.take()
  }

  message(command: number): void {
    if (command === RelayCommand.SENDME) this.#package.increment()
  }
}
