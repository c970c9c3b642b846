/**
 * One circuit: how it is built, who waits for it, what its channel and its streams call, and one way to end.
 *
 * @module
 */
import { CellCommand, RelayCommand, cellCommandName } from '../cell/commands.ts'
import { destroyReasonName } from '../cell/reasons.ts'
import type { CircuitPort, CircuitReceiver } from '../channel/circuit-port.ts'
import { deferred, type Deferred } from '../base/waiting/deferred.ts'
import { TorError } from '../base/errors.ts'
import type { PendingStream, StreamCarrier } from '../stream/contract/carrier.ts'
import type { FlowControlKind } from '../stream/contract/socket-info.ts'
import type { BuildProgress } from './build/build-progress.ts'
import type { GrowingCircuit } from './build/growing-circuit.ts'
import { congestionControlled, fixedWindows } from './flow-control.ts'
import type { NegotiatedCongestionControl } from './congestion/negotiated.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import { Hop } from './hop.ts'
import { backwardRoom, refillBackward } from './onion/onion.ts'
import { Outbox } from './outbox.ts'
import { HopPlace } from './hop-place.ts'
import { PendingHandshake, type AnswerOfHandshake } from './handshake/pending-handshake.ts'
import { MOST_UNSENT_ANSWERS } from './unsent-answers.ts'
import { RelayReceiver, type RelayReceiverOwner } from './relay-receiver.ts'

/** Relay cells of a circuit. */
export interface CellCounts {
  /** Those that went out. */
  readonly sent: number
  /** Those that came in. */
  readonly received: number
}

export class CircuitController implements CircuitReceiver, StreamCarrier, RelayReceiverOwner, GrowingCircuit {
  readonly opened: Deferred<void> = deferred()
  readonly closed: Deferred<void> = deferred()
  readonly hops: Hop[] = []
  /** Hears how the circuit is built. */
  progress: BuildProgress | undefined
  readonly #cryptos: HopCrypto[] = []
  readonly #waiting = new Set<PendingStream>()
  readonly #receiver: RelayReceiver = new RelayReceiver(this, this.hops, this.#cryptos)
  #state: 'building' | 'open' | 'closed' = 'building'
  #failure: TorError | undefined
  #wasOpen = false
  #port: CircuitPort | undefined
  #outbox: Outbox | undefined
  readonly #handshake: PendingHandshake = new PendingHandshake()
  readonly #circuitWindow: number | undefined

  /** @param circuitWindow - the fixed window of what may be sent to each hop, in cells; 1000 by default */
  constructor(circuitWindow?: number) {
    this.#circuitWindow = circuitWindow
  }

  /** The flow control of the last hop, once the path is complete. */
  get flowControl(): FlowControlKind | undefined {
    if (!this.#wasOpen) return undefined
    return this.hops.at(-1)?.flow.xonXoff ? 'congestion-control' : 'windows'
  }

  /** Relay cells so far, those of the circuit's own upkeep included. */
  get cells(): CellCounts {
    return { sent: this.#outbox?.cells ?? 0, received: this.#receiver.cells }
  }

  /** So many more cells may come: what exceeds them breaks the protocol. */
  bound(cells: number): void {
    this.#receiver.bound(cells)
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
      () =>
        this.violated(
          new TorError('CIRCUIT_PROTOCOL', `more than ${MOST_UNSENT_ANSWERS} answers wait for a link that takes none`),
        ),
    )
  }

  /** Sends a CREATE2 and waits for the CREATED2. */
  create(body: Uint8Array): Promise<Uint8Array> {
    const answer = this.#expect('CREATED2')
    this.#port?.sendCell(CellCommand.CREATE2, body)
    if (this.#state === 'building') this.progress?.created()
    return answer
  }

  /** Sends a CREATE_FAST and waits for the CREATED_FAST. */
  createFast(body: Uint8Array): Promise<Uint8Array> {
    const answer = this.#expect('CREATED_FAST')
    this.#port?.sendCell(CellCommand.CREATE_FAST, body)
    return answer
  }

  /** Sends an EXTEND2 to the last hop and waits for the EXTENDED2. */
  extend(body: Uint8Array): Promise<Uint8Array> {
    const last = this.hops.at(-1) as Hop
    const answer = this.#expect(last.index)
    this.#outbox?.addEarly(last, RelayCommand.EXTEND2, body)
    return answer
  }

  /**
   * A handshake succeeded: the path is one hop longer. Without congestion control the hop has fixed windows. It may come
   * when the circuit is open: streams that attach from then on are the new hop's.
   *
   * @throws TorError what befell the circuit while that was computed
   */
  addHop(crypto: HopCrypto, negotiated?: NegotiatedCongestionControl): Hop {
    if (this.#failure) throw this.#failure
    const flow = negotiated
      ? congestionControlled(negotiated, () => this.#port?.room === 0)
      : fixedWindows(this.#circuitWindow)
    const hop: Hop = new Hop(
      this.hops.length,
      crypto,
      () => (this.#state === 'open' ? (this.#outbox?.room(hop) ?? 0) : 0),
      flow,
    )
    this.hops.push(hop)
    this.#cryptos.push(crypto)
    this.progress?.extended(this.hops.length)
    return hop
  }

  /** Sends a message of no stream to a hop. */
  sendMessage(hop: Hop, command: number, body: Uint8Array): void {
    if (this.#state === 'open') this.#outbox?.add(hop, command, 0, body)
  }

  /**
   * Gives a stream that the hop has begun its place, by the id that the hop chose.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when the id is in use
   */
  admit(hop: Hop, streamId: number, stream: PendingStream): void {
    if (!hop.streams.claim(streamId, stream))
      throw new TorError('CIRCUIT_PROTOCOL', 'BEGIN with the id of another stream')
    stream.attached(new HopPlace(streamId, hop, this.#outbox as Outbox))
  }

  /** The path is complete: the streams that wait get their places. */
  open(): void {
    if (this.#state !== 'building') return
    this.#state = 'open'
    this.#wasOpen = true
    this.opened.resolve()
    for (const stream of this.#waiting) this.#assignId(stream)
    this.#waiting.clear()
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

  attach(stream: PendingStream): void {
    if (this.#state === 'building') this.#waiting.add(stream)
    else if (this.#state === 'open') this.#assignId(stream)
    else stream.circuitFailed(this.#failure as TorError)
  }

  withdraw(stream: PendingStream): void {
    this.#waiting.delete(stream)
  }

  // What the channel calls.

  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined {
    if (this.#state === 'closed') return undefined
    if (this.hops.length === 0) {
      this.violated(new TorError('CIRCUIT_PROTOCOL', 'RELAY cell before the circuit was created'))
      return undefined
    }
    if (backwardRoom(this.#cryptos) < count) {
      return refillBackward(this.#cryptos, count).then(
        () => this.receiveRelay(bodies, count), // a hop may have been added meanwhile, whose keystream is not there yet
        (reason: unknown) =>
          this.#fail(new TorError('CIRCUIT_CLOSED', 'no keystream could be made', { cause: reason }), true),
      )
    }
    return this.#receiver
      .receive(bodies, count)
      ?.catch((reason: unknown) =>
        this.#fail(new TorError('CIRCUIT_CLOSED', 'no keystream could be made', { cause: reason }), true),
      )
  }

  receiveCell(command: number, body: Uint8Array): void {
    if (this.#state === 'closed') return
    if (command === CellCommand.DESTROY) {
      const reason = body[0] ?? 0
      this.#fail(
        new TorError('CIRCUIT_DESTROYED', `a relay closed the circuit (${destroyReasonName(reason)})`, { reason }),
        false,
      )
    } else if (!this.#handshake.answeredByCell(command, body)) {
      this.violated(new TorError('CIRCUIT_PROTOCOL', `unexpected ${cellCommandName(command)} cell`))
    }
  }

  endOfPass(): void {
    this.#receiver.readProcessed()
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

  // What the receiving half calls.

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  sendmeDue(hop: Hop, tag: Uint8Array): void {
    this.#outbox?.addSendme(hop, tag)
  }

  extended(hop: Hop, body: Uint8Array): void {
    if (this.#handshake.answeredByHop(hop.index, body)) return
    throw new TorError('CIRCUIT_PROTOCOL', 'EXTENDED2 that nobody asked for')
  }

  truncated(failure: TorError): void {
    this.#fail(failure, true)
  }

  /** A relay broke the protocol: the circuit closes, and nothing else does. */
  violated(error: unknown): void {
    if (error instanceof TorError && error.code === 'CIRCUIT_PROTOCOL') this.#fail(error, true)
    else
      this.#fail(
        new TorError('CIRCUIT_PROTOCOL', error instanceof Error ? error.message : 'protocol violation', {
          cause: error,
        }),
        true,
      )
  }

  #assignId(stream: PendingStream): void {
    const hop = this.hops.at(-1) as Hop
    const id = hop.streams.allocate(stream)
    if (id === undefined) stream.circuitFailed(new TorError('CIRCUIT_FULL', 'no stream id is left on this circuit'))
    else stream.attached(new HopPlace(id, hop, this.#outbox as Outbox))
  }

  #expect(answer: AnswerOfHandshake): Promise<Uint8Array> {
    const body = this.#handshake.expect(answer)
    if (this.#failure) this.#handshake.reject(this.#failure)
    return body
  }

  #end(failure: TorError, destroy: boolean, settleClosed: () => void): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#failure = failure
    this.#outbox?.flush()
    this.#port?.release(destroy)
    this.#handshake.reject(failure)
    this.opened.reject(failure)
    settleClosed()
    const endpoints = this.hops.flatMap((hop) => hop.streams.clear())
    for (const endpoint of [...endpoints, ...this.#waiting]) endpoint.circuitFailed(failure)
    this.#waiting.clear()
    this.#receiver.readProcessed() // what was handed to streams in this pass is in buffers that are about to be reused
  }
}
