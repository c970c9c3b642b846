/**
 * One circuit: cells in, each checked and handed to whom it is for; messages out; and one way to end.
 *
 * @module
 */
import { CellCommand, RelayCommand, cellCommandName, relayCommandName } from '../cell/commands.ts'
import { destroyReasonName } from '../cell/reasons.ts'
import {
  BODY_SIZE,
  HEADER_SIZE,
  MAX_DATA,
  bodyOf,
  commandOf,
  lengthOf,
  looksRecognized,
  streamIdOf,
} from '../cell/relay/relay-cell-v0.ts'
import type { CircuitPort, CircuitReceiver } from '../channel/circuit-port.ts'
import { deferred, type Deferred } from '../base/deferred.ts'
import { TorError } from '../base/errors.ts'
import type { StreamCarrier, StreamEndpoint, StreamGuest } from '../stream/contract/carrier.ts'
import { isLegal } from '../stream/contract/legality.ts'
import type { FlowControlKind } from '../stream/contract/stream-flow.ts'
import { congestionControlled, fixedWindows, type NegotiatedCongestionControl } from './flow-control.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import { Hop } from './hop.ts'
import { backwardRoom, peel, refillBackward } from './onion/onion.ts'
import { Outbox } from './outbox.ts'
import { HopPlace } from './hop-place.ts'

/** How many cells without use (DROP, unknown commands) a circuit bears beyond as many as it got with use. */
const MAX_IDLE_CELLS = 1000

/** The answer to a CREATE2, a CREATE_FAST or an EXTEND2 that is on its way. */
interface PendingHandshake {
  /** The cell that answers, CREATED2 or CREATED_FAST, if the first hop is being made. */
  readonly cell?: number
  /** The hop whose EXTENDED2 answers, if the circuit is being extended. */
  readonly hop?: number
  readonly answer: Deferred<Uint8Array>
}

export class CircuitController implements CircuitReceiver, StreamCarrier {
  readonly opened: Deferred<void> = deferred()
  readonly closed: Deferred<void> = deferred()
  readonly hops: Hop[] = []
  readonly #cryptos: HopCrypto[] = []
  readonly #guests = new Set<StreamGuest>()
  readonly #touched = new Set<StreamEndpoint>()
  #state: 'building' | 'open' | 'closed' = 'building'
  #failure: TorError | undefined
  #flowControl: FlowControlKind | undefined
  #port: CircuitPort | undefined
  #outbox: Outbox | undefined
  #pending: PendingHandshake | undefined
  #usefulCells = 0
  #idleCells = 0

  /** The flow control of the last hop, once the path is complete. */
  get flowControl(): FlowControlKind | undefined {
    return this.#flowControl
  }

  // Building (see build.ts).

  /** The circuit has an id on a channel. */
  join(port: CircuitPort): void {
    this.#port = port
    this.#outbox = new Outbox(
      port,
      this.#cryptos,
      () => this.roomAvailable(),
      (reason) => this.#fail(new TorError('CIRCUIT_CLOSED', 'no keystream could be made', { cause: reason }), true),
    )
  }

  /** Sends a CREATE2 and waits for the CREATED2. */
  create(body: Uint8Array): Promise<Uint8Array> {
    const answer = this.#expect({ cell: CellCommand.CREATED2 })
    this.#port?.sendCell(CellCommand.CREATE2, body)
    return answer
  }

  /** Sends a CREATE_FAST and waits for the CREATED_FAST. */
  createFast(body: Uint8Array): Promise<Uint8Array> {
    const answer = this.#expect({ cell: CellCommand.CREATED_FAST })
    this.#port?.sendCell(CellCommand.CREATE_FAST, body)
    return answer
  }

  /** Sends an EXTEND2 to the last hop and waits for the EXTENDED2. */
  extend(body: Uint8Array): Promise<Uint8Array> {
    const last = this.hops.at(-1) as Hop
    const answer = this.#expect({ hop: last.index })
    this.#outbox?.addEarly(last, RelayCommand.EXTEND2, body)
    return answer
  }

  /** A handshake succeeded: the path is one hop longer. Without congestion control the hop has fixed windows. */
  addHop(crypto: HopCrypto, negotiated?: NegotiatedCongestionControl): void {
    const flow = negotiated ? congestionControlled(negotiated, () => this.#port?.room === 0) : fixedWindows()
    const hop: Hop = new Hop(this.hops.length, crypto, () => (this.#state === 'open' ? (this.#outbox?.room(hop) ?? 0) : 0), flow)
    this.hops.push(hop)
    this.#cryptos.push(crypto)
  }

  /** The path is complete: the streams that wait get their places. */
  open(): void {
    if (this.#state !== 'building') return
    this.#state = 'open'
    this.#flowControl = this.hops.at(-1)?.flow.xonXoff ? 'congestion-control' : 'windows'
    this.opened.resolve()
    for (const guest of this.#guests) this.#seat(guest)
    this.#guests.clear()
  }

  /** Ends the circuit from this side, with a DESTROY. Its streams fail with `failure`; `closed` resolves. */
  close(failure: TorError): void {
    this.#end(failure, true, () => this.closed.resolve())
  }

  /** Ends the circuit because it could not be built or went wrong; `closed` rejects. */
  #fail(failure: TorError, destroy: boolean): void {
    this.#end(failure, destroy, () => this.closed.reject(failure))
  }

  /** Gives up building. */
  abandon(failure: TorError): void {
    this.#fail(failure, true)
  }

  // What streams call.

  attach(guest: StreamGuest): void {
    if (this.#state === 'building') this.#guests.add(guest)
    else if (this.#state === 'open') this.#seat(guest)
    else guest.fail(this.#failure as TorError)
  }

  withdraw(guest: StreamGuest): void {
    this.#guests.delete(guest)
  }

  // What the channel calls.

  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined {
    if (this.#state === 'closed') return undefined
    if (this.hops.length === 0) {
      this.#violation(new TorError('CIRCUIT_PROTOCOL', 'RELAY cell before the circuit was created'))
      return undefined
    }
    if (backwardRoom(this.#cryptos) < count) {
      return refillBackward(this.#cryptos, count).then(
        () => this.receiveRelay(bodies, count), // a hop may have been added meanwhile, whose keystream is not there yet
        (reason: unknown) => this.#fail(new TorError('CIRCUIT_CLOSED', 'no keystream could be made', { cause: reason }), true),
      )
    }
    this.#receive(bodies, count)
    return undefined
  }

  receiveCell(command: number, body: Uint8Array): void {
    if (this.#state === 'closed') return
    if (command === CellCommand.DESTROY) {
      const reason = body[0] ?? 0
      this.#fail(new TorError('CIRCUIT_DESTROYED', `a relay closed the circuit (${destroyReasonName(reason)})`, { reason }), false)
    } else if (this.#pending?.cell === command) {
      this.#answer(body)
    } else {
      this.#violation(new TorError('CIRCUIT_PROTOCOL', `unexpected ${cellCommandName(command)} cell`))
    }
  }

  endOfPass(): void {
    for (const endpoint of this.#touched) endpoint.endOfPass()
    this.#touched.clear()
  }

  roomAvailable(): void {
    if (this.#state !== 'open') return
    for (const hop of this.hops) hop.line.serve()
    this.#outbox?.flush() // the next circuit in turn shall see what room is left
  }

  channelClosed(error: TorError): void {
    this.#port = undefined
    this.#fail(error, false)
  }

  #seat(guest: StreamGuest): void {
    const hop = this.hops.at(-1) as Hop
    const id = hop.streams.allocate(guest)
    if (id === undefined) guest.fail(new TorError('CIRCUIT_FULL', 'no stream id is left on this circuit'))
    else guest.attached(new HopPlace(id, hop, this.#outbox as Outbox))
  }

  #expect(answeredBy: Pick<PendingHandshake, 'cell' | 'hop'>): Promise<Uint8Array> {
    const answer = deferred<Uint8Array>()
    if (this.#state === 'closed') answer.reject(this.#failure)
    else this.#pending = { ...answeredBy, answer }
    return answer.promise
  }

  #answer(body: Uint8Array): void {
    this.#pending?.answer.resolve(new Uint8Array(body))
    this.#pending = undefined
  }

  /** One run of cells: all layers off, then one cell after the other in the order in which they came. */
  #receive(bodies: Uint8Array, count: number): void {
    if (this.#state === 'closed') return
    try {
      const peeled = peel(this.#cryptos, bodies, count)
      const last = this.hops.at(-1) as Hop
      let early = 0
      for (let index = 0, offset = 0; index < count && this.#mayReceive(); index++) {
        const fromEarlier = peeled.early?.[early]
        if (fromEarlier?.index === index) {
          early += 1
          this.#message(this.hops[fromEarlier.hop] as Hop, fromEarlier.body, 0, () => fromEarlier.tag)
        } else {
          if (!looksRecognized(peeled.bodies, offset) || !last.crypto.backward.digest.verify(peeled.bodies, offset)) {
            throw new TorError('CIRCUIT_PROTOCOL', 'unrecognized relay cell')
          }
          this.#message(last, peeled.bodies, offset, last.tag)
          offset += BODY_SIZE
        }
      }
    } catch (error) {
      this.#violation(error)
    }
  }

  /** Re-read before each cell: a message may close the circuit. */
  #mayReceive(): boolean {
    return this.#state !== 'closed'
  }

  /** One relay message: windows first, then whom it is for. `tag` is the hop's digest after this cell. */
  #message(hop: Hop, bodies: Uint8Array, offset: number, tag: () => Uint8Array): void {
    const command = commandOf(bodies, offset)
    const streamId = streamIdOf(bodies, offset)
    const length = lengthOf(bodies, offset)
    if (length > MAX_DATA) throw new TorError('CIRCUIT_PROTOCOL', `relay message of ${length} bytes`)
    this.#usefulCells += 1
    switch (command) {
      case RelayCommand.DATA: {
        // Circuit SENDMEs follow receipt, whatever becomes of the stream: the relay counts the same cells.
        hop.flow.receiveWindow.take()
        if (hop.flow.receiveWindow.consumed(1) > 0) this.#outbox?.addSendme(hop, tag())
        const endpoint = this.#endpointFor(hop, streamId, command)
        endpoint.receiveData(bodies, offset + HEADER_SIZE, length)
        this.#touched.add(endpoint)
        break
      }
      case RelayCommand.SENDME:
        if (streamId === 0) {
          hop.flow.sendWindow.acknowledge(bodyOf(bodies, offset, length))
          hop.line.serve()
          break
        }
        this.#streamMessage(hop, streamId, command, bodyOf(bodies, offset, length))
        break
      case RelayCommand.BEGIN:
      case RelayCommand.BEGIN_DIR:
      case RelayCommand.CONNECTED:
      case RelayCommand.END:
      case RelayCommand.RESOLVE:
      case RelayCommand.RESOLVED:
      case RelayCommand.XOFF:
      case RelayCommand.XON:
        this.#streamMessage(hop, streamId, command, bodyOf(bodies, offset, length))
        break
      case RelayCommand.EXTENDED2:
        expectNoStream(command, streamId)
        if (this.#pending?.hop !== hop.index) throw new TorError('CIRCUIT_PROTOCOL', 'EXTENDED2 that nobody asked for')
        this.#answer(bodyOf(bodies, offset, length))
        break
      case RelayCommand.TRUNCATED: {
        expectNoStream(command, streamId)
        const reason = length > 0 ? (bodies[offset + HEADER_SIZE] as number) : 0
        const message = `hop ${hop.index + 1} lost the rest of the circuit (${destroyReasonName(reason)})`
        this.#fail(new TorError('CIRCUIT_TRUNCATED', message, { reason }), true)
        break
      }
      case RelayCommand.EXTEND:
      case RelayCommand.EXTENDED:
      case RelayCommand.TRUNCATE:
      case RelayCommand.EXTEND2:
        throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} sent to a client`)
      default:
        // DROP, and what a later protocol may add: ignored, but not without end.
        if (command === RelayCommand.DROP) expectNoStream(command, streamId)
        this.#usefulCells -= 1
        this.#idleCells += 1
        if (this.#idleCells > this.#usefulCells + MAX_IDLE_CELLS) throw new TorError('CIRCUIT_PROTOCOL', 'too many cells without use')
    }
  }

  #streamMessage(hop: Hop, streamId: number, command: number, body: Uint8Array): void {
    const endpoint = this.#endpointFor(hop, streamId, command)
    this.#touched.add(endpoint)
    endpoint.receive(command, body)
  }

  /** The endpoint that this hop may send `command` to now. */
  #endpointFor(hop: Hop, streamId: number, command: number): StreamEndpoint {
    const endpoint = hop.streams.get(streamId)
    if (endpoint === undefined) {
      throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} from hop ${hop.index + 1} for a stream that it does not have`)
    }
    if (!isLegal(endpoint.state, command)) {
      throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} for a stream that is ${endpoint.state}`)
    }
    return endpoint
  }

  /** A relay broke the protocol: the circuit closes, and nothing else does. */
  #violation(error: unknown): void {
    if (error instanceof TorError && error.code === 'CIRCUIT_PROTOCOL') this.#fail(error, true)
    else this.#fail(new TorError('CIRCUIT_PROTOCOL', error instanceof Error ? error.message : 'protocol violation', { cause: error }), true)
  }

  #end(failure: TorError, destroy: boolean, settleClosed: () => void): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#failure = failure
    this.#outbox?.flush()
    this.#port?.release(destroy)
    this.#pending?.answer.reject(failure)
    this.#pending = undefined
    this.opened.reject(failure)
    settleClosed()
    const endpoints = this.hops.flatMap((hop) => hop.streams.clear())
    for (const endpoint of [...endpoints, ...this.#guests]) endpoint.fail(failure)
    this.#guests.clear()
    this.endOfPass() // what was handed to streams in this pass is in buffers that are about to be reused
  }
}

/** A message to the circuit bears no stream id (tor-spec, "Relay cells"). */
function expectNoStream(command: number, streamId: number): void {
  if (streamId !== 0) throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} with a stream id`)
}
