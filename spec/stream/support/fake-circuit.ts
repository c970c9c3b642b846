/**
 * A circuit that is not there: it seats streams, records what they send and lets a spec answer. No cryptography, no link;
 * credit is whatever the spec says.
 */
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeConnected } from '../../../lib/cell/connected.ts'
import { encodeEnd } from '../../../lib/cell/end.ts'
import { CreditLine } from '../../../lib/circuit/credit-line.ts'
import { TorError } from '../../../lib/errors.ts'
import type { CellSource, CreditWaiter, StreamCarrier, StreamEndpoint, StreamGuest, StreamPlace } from '../../../lib/stream/carrier.ts'
import { isLegal } from '../../../lib/stream/legality.ts'

/** One message that a stream sent. */
export interface SentMessage {
  readonly streamId: number
  readonly command: number
  readonly body: Uint8Array
}

export class FakeCircuit implements StreamCarrier {
  /** Everything that was sent, in order. */
  readonly sent: SentMessage[] = []
  /** Who has which id. */
  readonly endpoints = new Map<number, StreamEndpoint>()
  readonly line: CreditLine
  /** DATA cells that the circuit still takes. */
  available: number
  /** How long the next DATA cell may be. */
  cellSize: () => number = () => 498
  #nextId = 1
  readonly #waiting = new Set<StreamGuest>()
  #open: boolean
  #failure: TorError | undefined

  constructor({ credit = 1000, open = true }: { credit?: number; open?: boolean } = {}) {
    this.available = credit
    this.#open = open
    const window = { get available(): number { return 0 } }
    Object.defineProperty(window, 'available', { get: () => this.available })
    this.line = new CreditLine(window, () => Infinity)
  }

  attach(guest: StreamGuest): void {
    if (this.#failure) guest.fail(this.#failure)
    else if (this.#open) this.#seat(guest)
    else this.#waiting.add(guest)
  }

  withdraw(guest: StreamGuest): void {
    this.#waiting.delete(guest)
  }

  /** How many guests still wait for the circuit to open. */
  get guests(): number {
    return this.#waiting.size
  }

  open(): void {
    this.#open = true
    for (const guest of this.#waiting) this.#seat(guest)
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
    for (const endpoint of [...this.endpoints.values(), ...this.#waiting]) endpoint.fail(error)
    this.endpoints.clear()
    this.#waiting.clear()
  }

  /**
   * Delivers messages to a stream within one pass, as a circuit does: legality first.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`, where a circuit would close
   */
  deliver(streamId: number, ...messages: readonly (readonly [command: number, body?: Uint8Array])[]): void {
    const touched = new Set<StreamEndpoint>()
    for (const [command, body = new Uint8Array(0)] of messages) {
      const endpoint = this.endpoints.get(streamId)
      if (!endpoint || !isLegal(endpoint.state, command)) throw new TorError('CIRCUIT_PROTOCOL', `illegal message ${command}`)
      touched.add(endpoint)
      if (command === RelayCommand.DATA) {
        // As in a circuit the bytes lie in a buffer that is used again after the pass.
        const bodies = new Uint8Array(11 + body.length)
        bodies.set(body, 11)
        endpoint.receiveData(bodies, 11, body.length)
        this.#scratch.push(bodies)
      } else {
        endpoint.receive(command, body)
      }
    }
    for (const endpoint of touched) endpoint.endOfPass()
    for (const bodies of this.#scratch.splice(0)) bodies.fill(0xee)
  }

  connect(streamId = 1): void {
    this.deliver(streamId, [RelayCommand.CONNECTED, encodeConnected()])
  }

  data(body: Uint8Array, streamId = 1): void {
    this.deliver(streamId, [RelayCommand.DATA, body])
  }

  end(reason: number, streamId = 1): void {
    this.deliver(streamId, [RelayCommand.END, encodeEnd(reason)])
  }

  sendme(streamId = 1): void {
    this.deliver(streamId, [RelayCommand.SENDME])
  }

  /** What was sent with this command. */
  sentOf(command: number): SentMessage[] {
    return this.sent.filter((message) => message.command === command)
  }

  /** All the bytes of DATA that were sent. */
  get dataBytes(): Uint8Array {
    return new Uint8Array(this.sentOf(RelayCommand.DATA).flatMap(({ body }) => [...body]))
  }

  readonly #scratch: Uint8Array[] = []

  #seat(guest: StreamGuest): void {
    const id = this.#nextId++
    this.endpoints.set(id, guest)
    guest.attached(this.#place(id))
  }

  #place(id: number): StreamPlace {
    const circuit = this
    return {
      id,
      maxData: 498,
      shortData: 478,
      get credit() {
        return circuit.line.credit
      },
      reserve: () => circuit.line.reserve(),
      sendData(source: CellSource, cells: number, reserved: boolean) {
        if (reserved) circuit.line.unreserve()
        for (let cell = 0; cell < cells; cell++) {
          if (circuit.available === 0) throw new Error('a cell was sent without credit')
          circuit.available -= 1
          const buffer = new Uint8Array(498)
          const length = source.fill(buffer, 0, circuit.cellSize())
          circuit.sent.push({ streamId: id, command: RelayCommand.DATA, body: buffer.subarray(0, length) })
        }
      },
      send: (command: number, body: Uint8Array) => void circuit.sent.push({ streamId: id, command, body: new Uint8Array(body) }),
      wait: (waiter: CreditWaiter) => circuit.line.wait(waiter),
      unwait: (waiter: CreditWaiter) => circuit.line.unwait(waiter),
      leave(successor?: StreamEndpoint) {
        if (successor) circuit.endpoints.set(id, successor)
        else circuit.endpoints.delete(id)
      },
    }
  }
}
