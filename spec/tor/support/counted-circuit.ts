/**
 * A circuit whose streams are counted where they meet it: every DATA cell that a stream packs and every message that
 * reaches it, by a count that shares nothing with the library's windows.
 *
 * @module
 */
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import type { CircuitOptions } from '../../../lib/circuit/circuit-options.ts'
import type { TorError } from '../../../lib/base/errors.ts'
import type { Relay } from '../../../lib/relay.ts'
import type {
  CellSource,
  CreditWaiter,
  HalfClosedEndpoint,
  StreamCarrier,
  PendingStream,
  StreamPlace,
  XonXoffSetup,
} from '../../../lib/stream/contract/carrier.ts'
import type { StreamState } from '../../../lib/stream/contract/legality.ts'
import type { StreamOptions } from '../../../lib/stream/options.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { LinkTap } from './link-tap.ts'

/** The stream window's step, in cells (tor-spec, "Stream-level flow control"). */
const step = 50

/** What went over one stream. */
export class StreamCount {
  /** DATA cells sent. */
  dataSent = 0
  /** Bytes in them. */
  bytesSent = 0
  /** Stream SENDMEs received. */
  sendmesReceived = 0
  /** DATA cells received. */
  dataReceived = 0
  /** Bytes in them. */
  bytesReceived = 0
  /** Stream SENDMEs sent. */
  sendmesSent = 0
  /** XOFF and XON, in the order in which they came. */
  readonly stopsReceived: ('XOFF' | 'XON')[] = []
  /** XOFF and XON, in the order in which they were sent. */
  readonly stopsSent: ('XOFF' | 'XON')[] = []
  /** The most that {@link unacknowledged} has been after any event. */
  peak = 0
  /** How many events there were. */
  events = 0

  /** DATA cells sent that no SENDME has answered. May never be above 500. */
  get unacknowledged(): number {
    return this.dataSent - step * this.sendmesReceived
  }

  /** DATA cells received that we have not answered. May never be above 500. */
  get undelivered(): number {
    return this.dataReceived - step * this.sendmesSent
  }

  /** To be called after each event. */
  note(): void {
    this.events += 1
    this.peak = Math.max(this.peak, this.unacknowledged)
  }
}

/** A stream and its count. */
export interface CountedStream {
  readonly socket: TorStream
  readonly count: StreamCount
}

/** A circuit on a link of its own. */
export class CountedCircuit {
  /** Counts the cells of the link, which are this circuit's alone. */
  readonly tap: LinkTap
  readonly #circuit: Circuit

  static async open(path: readonly Relay[], options: CircuitOptions = {}): Promise<CountedCircuit> {
    const tap = new LinkTap()
    const circuit = Circuit.open(path, { transport: tap, ...options })
    await circuit.opened
    return new CountedCircuit(tap, circuit)
  }

  private constructor(tap: LinkTap, circuit: Circuit) {
    this.tap = tap
    this.#circuit = circuit
  }

  /** Opens a stream. Internal addresses are welcome. */
  connect(port: number, options: StreamOptions = {}): CountedStream {
    const count = new StreamCount()
    const carrier = new CountingCarrier(this.#circuit.carrier, count)
    const socket = new TorStream(
      carrier,
      { hostname: '127.0.0.1', port },
      { rejectInternalAddresses: false, ...options },
    )
    return { socket, count }
  }

  async close(): Promise<void> {
    await this.#circuit.close()
  }
}

/** Puts a {@link CountingStream} in the place of the one stream that it is made for. */
class CountingCarrier implements StreamCarrier {
  readonly #carrier: StreamCarrier
  readonly #count: StreamCount
  #stream: CountingStream | undefined

  constructor(carrier: StreamCarrier, count: StreamCount) {
    this.#carrier = carrier
    this.#count = count
  }

  attach(stream: PendingStream): void {
    this.#stream = new CountingStream(stream, this.#count)
    this.#carrier.attach(this.#stream)
  }

  withdraw(): void {
    if (this.#stream) this.#carrier.withdraw(this.#stream)
  }
}

class CountingStream implements PendingStream {
  readonly #stream: PendingStream
  readonly #count: StreamCount

  constructor(stream: PendingStream, count: StreamCount) {
    this.#stream = stream
    this.#count = count
  }

  get state(): StreamState {
    return this.#stream.state
  }

  attached(place: StreamPlace): void {
    this.#stream.attached(new CountingPlace(place, this.#count))
  }

  dataArrived(bodies: Uint8Array, offset: number, length: number): void {
    this.#count.dataReceived += 1
    this.#count.bytesReceived += length
    this.#count.note()
    this.#stream.dataArrived(bodies, offset, length)
  }

  messageArrived(command: number, body: Uint8Array): void {
    if (command === RelayCommand.SENDME) this.#count.sendmesReceived += 1
    if (command === RelayCommand.XOFF) this.#count.stopsReceived.push('XOFF')
    if (command === RelayCommand.XON) this.#count.stopsReceived.push('XON')
    this.#count.note()
    this.#stream.messageArrived(command, body)
  }

  readProcessed(): void {
    this.#stream.readProcessed()
  }

  circuitFailed(error: TorError): void {
    this.#stream.circuitFailed(error)
  }
}

class CountingPlace implements StreamPlace {
  readonly #place: StreamPlace
  readonly #count: StreamCount

  constructor(place: StreamPlace, count: StreamCount) {
    this.#place = place
    this.#count = count
  }

  get id(): number {
    return this.#place.id
  }

  get xonXoff(): XonXoffSetup | undefined {
    return this.#place.xonXoff
  }

  get credit(): number {
    return this.#place.credit
  }

  get maxData(): number {
    return this.#place.maxData
  }

  get shortData(): number {
    return this.#place.shortData
  }

  reserve(): void {
    this.#place.reserve()
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    const counted: CellSource = {
      fill: (target, offset, size) => {
        const length = source.fill(target, offset, size)
        this.#count.dataSent += 1
        this.#count.bytesSent += length
        this.#count.note()
        return length
      },
    }
    this.#place.sendData(counted, cells, reserved)
  }

  send(command: number, body: Uint8Array): void {
    if (command === RelayCommand.SENDME) this.#count.sendmesSent += 1
    if (command === RelayCommand.XOFF) this.#count.stopsSent.push('XOFF')
    if (command === RelayCommand.XON) this.#count.stopsSent.push('XON')
    this.#count.note()
    this.#place.send(command, body)
  }

  wait(waiter: CreditWaiter): void {
    this.#place.wait(waiter)
  }

  unwait(waiter: CreditWaiter): void {
    this.#place.unwait(waiter)
  }

  leave(successor?: HalfClosedEndpoint): void {
    this.#place.leave(successor)
  }
}
