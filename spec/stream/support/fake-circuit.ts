/**
 * A circuit that is not there: it assigns stream ids, records what they send and lets a spec answer. No cryptography,
 * no link; credit is whatever the spec says. It is stricter than a circuit: it throws when a stream sends without
 * credit or after it has left.
 *
 * @module
 */
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeConnected, type Connected } from '../../../lib/cell/relay/connected.ts'
import { encodeEnd } from '../../../lib/cell/relay/end.ts'
import { encodeXoff, encodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { SendScheduler } from '../../../lib/circuit/send-scheduler.ts'
import { TorError } from '../../../lib/base/errors.ts'
import type {
  CellSource,
  CreditWaiter,
  StreamCarrier,
  HalfClosedEndpoint,
  StreamEndpoint,
  PendingStream,
  StreamPlace,
  XonXoffSetup,
} from '../../../lib/stream/contract/carrier.ts'
import { isLegal } from '../../../lib/stream/contract/legality.ts'

/** One message that a stream sent. */
export interface SentMessage {
  readonly streamId: number
  readonly command: number
  readonly body: Uint8Array
}

/** A message for a stream: its command and body. */
export type Message = readonly [command: number, body?: Uint8Array]

export class FakeCircuit implements StreamCarrier {
  /** Everything that was sent, in order. */
  readonly sent: SentMessage[] = []
  /** What a stream did that it must not do. It was thrown too, but somebody may have caught it. */
  readonly faults: Error[] = []
  /** Who has which id. */
  readonly endpoints = new Map<number, StreamEndpoint>()
  readonly line: SendScheduler
  /** DATA cells that the circuit still takes, reserved ones included. */
  available: number
  /** How many of them are set aside for cells that are sealed later. */
  reserved = 0
  /** How long the next DATA cell may be. */
  cellSize: () => number = () => 498
  /** What congestion control has for the streams, if the circuit runs it. */
  readonly flow: XonXoffSetup | undefined
  #nextId = 1
  readonly #waiting = new Set<PendingStream>()
  #open: boolean
  #failure: TorError | undefined

  constructor({
    credit = 1000,
    open = true,
    flow,
  }: { credit?: number; open?: boolean; flow?: XonXoffSetup | undefined } = {}) {
    this.available = credit
    this.flow = flow
    this.#open = open
    const window = { available: 0 }
    Object.defineProperty(window, 'available', { get: () => this.available })
    this.line = new SendScheduler(window, () => Infinity)
  }

  attach(stream: PendingStream): void {
    if (this.#failure) stream.circuitFailed(this.#failure)
    else if (this.#open) this.#assignId(stream)
    else this.#waiting.add(stream)
  }

  withdraw(stream: PendingStream): void {
    this.#waiting.delete(stream)
  }

  /** How many pending still wait for the circuit to open. */
  get pending(): number {
    return this.#waiting.size
  }

  open(): void {
    this.#open = true
    for (const stream of this.#waiting) this.#assignId(stream)
    this.#waiting.clear()
  }

  /** More credit for everybody. */
  grant(cells: number): void {
    this.available += cells
    this.line.serve()
  }

  /** The circuit dies. */
  die(error: TorError = new TorError('CIRCUIT_DESTROYED', 'a relay closed the circuit')): void {
    this.#failure = error
    this.reserved = 0 // nothing to give back, and nobody to give it to
    const endpoints = [...this.endpoints.values(), ...this.#waiting]
    this.endpoints.clear()
    this.#waiting.clear()
    for (const endpoint of endpoints) endpoint.circuitFailed(error)
  }

  /**
   * Delivers messages to a stream within one pass, as a circuit does: legality first. A violation kills the circuit.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`
   */
  deliver(streamId: number, ...messages: readonly Message[]): void {
    const touched = new Set<StreamEndpoint>()
    const scratch: Uint8Array[] = []
    try {
      for (const [command, body = new Uint8Array(0)] of messages) {
        const endpoint = this.endpoints.get(streamId)
        if (!endpoint || !isLegal(endpoint.state, command))
          throw new TorError('CIRCUIT_PROTOCOL', `illegal message ${command}`)
        touched.add(endpoint)
        if (command === RelayCommand.DATA) {
          // As in a circuit the bytes lie in a buffer that is used again after the pass.
          const bodies = new Uint8Array(11 + body.length)
          bodies.set(body, 11)
          scratch.push(bodies)
          endpoint.dataArrived(bodies, 11, body.length)
        } else {
          endpoint.messageArrived(command, body)
          const isLast = command === RelayCommand.END || command === RelayCommand.RESOLVED
          if (isLast && this.endpoints.get(streamId) === endpoint) this.endpoints.delete(streamId)
        }
      }
    } catch (error) {
      this.die(error as TorError)
      throw error
    } finally {
      for (const endpoint of touched) endpoint.readProcessed()
      for (const bodies of scratch) bodies.fill(0xee)
    }
  }

  connect(connected: Partial<Connected> = {}, streamId = 1): void {
    this.deliver(streamId, [RelayCommand.CONNECTED, encodeConnected(connected)])
  }

  /** Delivers one cell of DATA for each body, all in one pass. */
  data(...bodies: readonly Uint8Array[]): void {
    this.deliver(1, ...bodies.map((body): Message => [RelayCommand.DATA, body]))
  }

  end(reason: number, streamId = 1): void {
    this.deliver(streamId, [RelayCommand.END, encodeEnd(reason)])
  }

  sendme(streamId = 1): void {
    this.deliver(streamId, [RelayCommand.SENDME])
  }

  /** An XOFF. */
  xoff(streamId = 1): void {
    this.deliver(streamId, [RelayCommand.XOFF, encodeXoff()])
  }

  /** An XON with a rate in 1000 bytes per second. */
  xon(rate = Infinity, streamId = 1): void {
    this.deliver(streamId, [RelayCommand.XON, encodeXon(rate)])
  }

  /** What was sent with this command. */
  sentOf(command: number, streamId?: number): SentMessage[] {
    return this.sent.filter(
      (message) => message.command === command && (streamId ?? message.streamId) === message.streamId,
    )
  }

  /** The commands that were sent, in order. */
  get commands(): number[] {
    return this.sent.map(({ command }) => command)
  }

  /** The lengths of the DATA cells that were sent. */
  get cells(): number[] {
    return this.sentOf(RelayCommand.DATA).map(({ body }) => body.length)
  }

  /** All the bytes of DATA that were sent. */
  get dataBytes(): Uint8Array<ArrayBuffer> {
    const cells = this.sentOf(RelayCommand.DATA)
    const bytes = new Uint8Array(cells.reduce((size, { body }) => size + body.length, 0))
    let offset = 0
    for (const { body } of cells) {
      bytes.set(body, offset)
      offset += body.length
    }
    return bytes
  }

  #assignId(stream: PendingStream): void {
    const id = this.#nextId++
    this.endpoints.set(id, stream)
    stream.attached(this.#place(id, stream))
  }

  #fault(message: string): never {
    const error = new Error(message)
    this.faults.push(error)
    throw error
  }

  #place(id: number, stream: PendingStream): StreamPlace {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- getters below have a `this` of their own
    const circuit = this
    let reserved = 0
    const mustSit = (): void => {
      if (circuit.endpoints.get(id) !== stream) circuit.#fault(`stream ${id} sends after it has left`)
    }
    const reserve = (cells: 1 | -1): void => {
      reserved += cells
      circuit.reserved += cells
      if (cells === 1) circuit.line.reserve()
      else circuit.line.unreserve()
    }
    return {
      id,
      maxData: 498,
      shortData: 478,
      xonXoff: circuit.flow,
      get credit() {
        return circuit.line.credit
      },
      reserve() {
        mustSit()
        if (circuit.line.credit === 0 && circuit.available <= circuit.reserved)
          circuit.#fault('a cell was reserved without credit')
        reserve(1)
      },
      sendData(source: CellSource, cells: number, isReserved: boolean) {
        mustSit()
        if (isReserved && reserved === 0) circuit.#fault('no cell was reserved')
        if (isReserved) reserve(-1)
        for (let cell = 0; cell < cells; cell++) {
          if (circuit.available <= circuit.reserved) circuit.#fault('a cell was sent without credit')
          circuit.available -= 1
          const buffer = new Uint8Array(498)
          const length = source.fill(buffer, 0, circuit.cellSize())
          if (length === 0) circuit.#fault('an empty cell was sent')
          circuit.sent.push({ streamId: id, command: RelayCommand.DATA, body: buffer.subarray(0, length) })
        }
      },
      send(command: number, body: Uint8Array) {
        mustSit()
        circuit.sent.push({ streamId: id, command, body: new Uint8Array(body) })
      },
      wait(waiter: CreditWaiter) {
        mustSit()
        circuit.line.wait(waiter)
      },
      unwait: (waiter: CreditWaiter) => circuit.line.unwait(waiter),
      leave(successor?: HalfClosedEndpoint) {
        while (reserved > 0) reserve(-1)
        if (successor) circuit.endpoints.set(id, successor)
        else circuit.endpoints.delete(id)
      },
    }
  }
}
