/**
 * A circuit as one relay of it sees it: one layer of onion encryption, streams that end here, and perhaps a next relay
 * (tor-spec, "Routing relay cells"). It does what an honest relay does, keeps account of what the client sent, and can
 * be made to send anything. Whoever breaks a rule about windows, SENDME tags or RELAY_EARLY gets a DESTROY with reason
 * PROTOCOL, unless the relay is not `strict`.
 *
 * @module
 */
import { CellCommand, RelayCommand } from '../../cell/commands.ts'
import { DestroyReason } from '../../cell/reasons.ts'
import { lengthOf } from '../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../cell/body-size.ts'
import { encodeSendme } from '../../cell/relay/sendme.ts'
import type { HopCrypto } from '../../circuit/onion/hop-crypto.ts'
import { wireOn, type Beyond, type CircuitWire } from './circuit/beyond.ts'
import { BackwardQueue } from './circuit/backward-queue.ts'
import { CircuitFlow } from './circuit/circuit-flow.ts'
import { CircuitInbound } from './circuit/circuit-inbound.ts'
import type { CongestionControlKnobs } from '../exit/congestion-control-knobs.ts'
import type { TestStream } from '../exit/exit-stream.ts'
import { FairSender } from './circuit/fair-sender.ts'
import { HeldSendmes } from './circuit/held-sendmes.ts'
import type { WithheldSendmes } from './circuit/held-sendmes.ts'
import { packData, packMessage } from './circuit/messages.ts'
import type { LoggedMessage, OutgoingMessage, ReceivedMessage } from './circuit/messages.ts'
import type { OnwardLink } from './onward-link.ts'
import type { MadeHop } from './relay-handshake.ts'
import type { RelayHost } from './relay-host.ts'
import type { RelayLink } from './relay-link.ts'

/** The way from a circuit's relay to the next one. */
export type OnwardHop = OnwardLink<TestCircuit>

/** What a circuit is made of. @internal */
export interface TestCircuitSetup extends MadeHop {
  readonly relay: RelayHost<TestCircuit>
  readonly link: RelayLink<TestCircuit>
  readonly id: number
  /** What the relay does about a message that is for it. */
  readonly handleMessage: (circuit: TestCircuit, message: ReceivedMessage) => void
  /** By what it sends; by its link unless told otherwise. */
  readonly wire?: CircuitWire
}

/** The circuit as it is at one relay. */
export class TestCircuit {
  /** The relay. */
  readonly relay: RelayHost<TestCircuit>
  /** The link to the side of the client: to the client itself, or to the relay before this one. */
  readonly link: RelayLink<TestCircuit>
  /** The circuit id on {@link link}. */
  readonly id: number
  /** What only the two ends of its handshake know (KH in tor-spec, "Setting circuit keys"). @internal */
  readonly proof: Uint8Array | undefined
  /** What the two ends may send, with counts of DATA and SENDMEs. */
  readonly flow: CircuitFlow
  /** Every stream that a BEGIN or BEGIN_DIR opened here, by id, those that have ended included. */
  readonly streams: Map<number, TestStream> = new Map()
  /** How many DATA cells the client has sent on each stream id of this hop, whatever became of them. */
  readonly dataReceived: Map<number, number> = new Map()
  /** Cells that went to the side of the client, those of later hops included. */
  cellsSent = 0
  /** The reason of the DESTROY that came from the side of the client, if one did. */
  destroyReceived: number | undefined
  /** The reason of the DESTROY that was sent to the side of the client, if one was. */
  destroySent: number | undefined
  /** What the client did wrong, in words, if the relay closed the circuit for it. */
  violation: string | undefined

  readonly #crypto: HopCrypto
  readonly #handleMessage: TestCircuitSetup['handleMessage']
  readonly #inbound: CircuitInbound
  readonly #queue: BackwardQueue
  readonly #sender: FairSender
  readonly #held: HeldSendmes
  readonly #wire: CircuitWire
  #onward: OnwardHop | undefined
  #joined: Beyond | undefined
  #closed = false

  /** @internal */
  constructor({ relay, link, id, crypto, flow, proof, handleMessage, wire }: TestCircuitSetup) {
    this.proof = proof
    this.relay = relay
    this.link = link
    this.id = id
    this.flow = new CircuitFlow(flow)
    this.#held = new HeldSendmes(this.flow)
    this.#crypto = crypto
    this.#handleMessage = handleMessage
    this.#inbound = new CircuitInbound(this, crypto.forward)
    this.#wire = wire ?? wireOn(link, id)
    this.#queue = new BackwardQueue(crypto.backward.keystream, (command, bodies, count) => {
      this.cellsSent += count
      this.#wire.sendRun(id, command, bodies, count)
    })
    this.#sender = new FairSender(() =>
      this.#closed || !this.#wire.hasRoom || !this.#queue.idle ? 0 : this.flow.packageWindow,
    )
  }

  /** True once a DESTROY went either way, or the link is gone. */
  get closed(): boolean {
    return this.#closed
  }

  /** Relay cells of any kind that came from the side of the client, recognised here or not. */
  get cellsReceived(): number {
    return this.#inbound.cells
  }

  /** RELAY_EARLY cells among them. */
  get relayEarlyReceived(): number {
    return this.#inbound.relayEarly
  }

  /** The relay messages that the client sent to this hop, in order: the last 5,000 of them at least. */
  get messages(): readonly LoggedMessage[] {
    return this.#inbound.log.entries
  }

  /** The same circuit at the next relay; undefined while this is its last. */
  get next(): TestCircuit | undefined {
    return this.#onward?.peer
  }

  /** The link to the next relay, with its knobs. */
  get onward(): OnwardHop | undefined {
    return this.#onward
  }

  /** What cells go to that are not for this relay. @internal */
  get beyond(): Pick<Beyond, 'open' | 'send' | 'destroy'> | undefined {
    return this.#onward ?? this.#joined
  }

  /** The same circuit at this relay and those after it, in the order of the path. */
  get hops(): readonly TestCircuit[] {
    return [this, ...(this.next?.hops ?? [])]
  }

  /** Whether the relay enforces the rules. @internal */
  get strict(): boolean {
    return this.relay.strict
  }

  /** The relay's congestion control, if the circuit is under it. @internal */
  get congestionControl(): CongestionControlKnobs | undefined {
    return this.flow.rules.kind === 'windows' ? undefined : this.relay.congestionControl
  }

  /** How many SENDMEs are due but withheld. */
  get withheld(): WithheldSendmes {
    return this.#held.counts
  }

  /** Resolves when `predicate` is true; asked after everything that happens on the network. */
  when(predicate: (circuit: this) => boolean): Promise<void> {
    return this.relay.when(() => predicate(this))
  }

  /**
   * Sends any relay message from this hop, sealed and encrypted as its own unless it says otherwise. It needs no
   * window, but DATA and SENDMEs are counted as if they were honest.
   */
  send(message: OutgoingMessage): void {
    if (this.#closed) return
    const { command, streamId = 0 } = message
    const cell = packMessage(message, (length) => this.relay.random(length))
    const honest = message.digest === undefined && (message.recognized ?? 0) === 0
    if (message.digest === undefined) this.#crypto.backward.digest.seal(cell, 0)
    if (honest) this.#count(command, streamId, message.body?.length ?? 0)
    void this.#push(message.early === true ? CellCommand.RELAY_EARLY : CellCommand.RELAY, cell, true)
  }

  /** Sends 509 bytes as a relay cell of this hop: nothing is filled in, and one layer of encryption is added. */
  sendRaw(body: Uint8Array): void {
    if (body.length !== BODY_SIZE)
      throw new RangeError(`Cannot send "body" as it has not ${BODY_SIZE} bytes: ${body.length}`)
    void this.#push(CellCommand.RELAY, new Uint8Array(body), true)
  }

  /** Sends any fixed-size channel cell on this circuit to the client's side, padded with zeros, nothing encrypted. */
  sendCell(command: number, body: Uint8Array = new Uint8Array(0)): void {
    const padded = new Uint8Array(BODY_SIZE)
    padded.set(body)
    void this.#push(command, padded, false)
  }

  /** Closes the circuit as a relay does: DESTROY in both directions. */
  destroy(reason: number): void {
    if (this.#closed) return
    this.destroySent = reason
    this.sendCell(CellCommand.DESTROY, Uint8Array.of(reason))
    this.#close(reason)
  }

  /** Cuts off what is behind this relay, as when the next relay is lost: TRUNCATED to the client, DESTROY onward. */
  truncate(reason: number): void {
    this.#onward?.destroy(reason)
    this.#onward = undefined
    this.send({ command: RelayCommand.TRUNCATED, body: Uint8Array.of(reason) })
  }

  /**
   * Sends exactly `count` of the SENDMEs that are withheld, the oldest first, with the tags that they would have had.
   *
   * @throws RangeError when fewer are withheld
   */
  releaseSendmes(kind: 'circuit' | 'stream', count: number): void {
    for (const message of this.#held.release(kind, count)) this.send(message)
  }

  /** The client broke a rule: closes the circuit. @internal */
  fail(violation: string, reason: number = DestroyReason.PROTOCOL): void {
    if (this.#closed) return
    this.violation = violation
    this.destroy(reason)
  }

  /** Cells from the side of the client. A promise is returned while keystream is made. @internal */
  receiveRelay(command: number, bodies: Uint8Array, count: number): Promise<void> | undefined {
    return this.#inbound.receive(command, bodies, count)
  }

  /** @internal */
  receiveMessage(message: ReceivedMessage): void {
    this.#handleMessage(this, message)
  }

  /** A DESTROY from the side of the client. @internal */
  receiveDestroy(reason: number): void {
    this.destroyReceived = reason
    this.#close(reason)
  }

  /** Cells from the next relay: this relay's layer is added. @internal */
  passBackward(command: number, bodies: Uint8Array): Promise<void> | undefined {
    return this.#push(command, bodies, true) ?? this.#wire.whenRoom()
  }

  /** From now on something else is behind this relay. @internal */
  join(beyond: Beyond): void {
    this.#joined = beyond
  }

  /** An EXTEND2 is under way. @internal */
  extend(onward: OnwardHop): void {
    this.#onward = onward
  }

  /** The next relay has answered. @internal */
  extended(created: Uint8Array): void {
    this.send({ command: RelayCommand.EXTENDED2, body: created })
  }

  /** The next relay sent a DESTROY. @internal */
  onwardDestroyed(reason: number): void {
    this.#onward = undefined
    if (!this.#closed) this.send({ command: RelayCommand.TRUNCATED, body: Uint8Array.of(reason) })
  }

  /** The link to the side of the client is gone. @internal */
  linkClosed(): void {
    this.#close(DestroyReason.CHANNEL_CLOSED)
  }

  /** The link to the side of the client has room again. @internal */
  roomAvailable(): void {
    this.#sender.run()
    this.#joined?.roomAvailable()
  }

  /**
   * DATA came for this hop: it counts whatever becomes of it. Returns false when the circuit is closed for it.
   * @internal
   */
  countData(streamId: number): boolean {
    this.dataReceived.set(streamId, (this.dataReceived.get(streamId) ?? 0) + 1)
    const tag = this.flow.delivered(() => this.#crypto.forward.digest.tag())
    if (this.flow.overrun && this.strict) {
      this.fail('DATA beyond the window of the circuit')
      return false
    }
    if (tag === undefined) return true
    if (this.relay.withhold.circuitSendmes) this.flow.withheld.push(tag)
    else this.send({ command: RelayCommand.SENDME, body: encodeSendme(tag) })
    return true
  }

  /** @internal */
  sendMessage(command: number, streamId: number, body: Uint8Array): void {
    this.send({ command, streamId, body })
  }

  /** @internal */
  sendData(streamId: number, bytes: Uint8Array): void {
    const bodies = packData(streamId, bytes, this.relay.random)
    for (let offset = 0; offset < bodies.length; offset += BODY_SIZE) {
      this.#crypto.backward.digest.seal(bodies, offset)
      this.#count(RelayCommand.DATA, streamId, lengthOf(bodies, offset))
    }
    void this.#push(CellCommand.RELAY, bodies, true)
  }

  /** @internal */
  requestTurn(stream: TestStream): void {
    this.#sender.add(stream)
  }

  /** The client acknowledged: whoever waited for the circuit's window goes on. @internal */
  windowOpened(): void {
    this.#sender.run()
  }

  /** @internal */
  mayAcknowledge(stream: TestStream): boolean {
    if (!this.relay.withhold.streamSendmes) return true
    this.#held.hold(stream)
    return false
  }

  /** @internal */
  notify(): void {
    this.relay.observer.notify()
  }

  /** Keeps account of a message of this hop that was just sealed. */
  #count(command: number, streamId: number, bytes: number): void {
    this.flow.sealed(command, streamId, () => this.#crypto.backward.digest.tag())
    this.streams.get(streamId)?.sealed(command, bytes)
  }

  #push(command: number, bodies: Uint8Array, encrypt: boolean): Promise<void> | undefined {
    if (this.#closed) return undefined
    const waiting = this.#queue.push(command, bodies, encrypt)
    this.notify()
    return waiting?.then(() => this.#sender.run())
  }

  #close(reason: number): void {
    if (this.#closed) return
    this.#closed = true
    this.beyond?.destroy(reason)
    this.#wire.forget()
    const error = new Error('The circuit of this stream was closed')
    for (const stream of this.streams.values()) stream.destroy(error)
    this.notify()
  }
}
