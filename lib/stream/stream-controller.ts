/**
 * One stream: its state, its flow control, and the rules of opening and closing (design: Tor has no half-close; END
 * ends both directions). It joins the readable half, the writable half and the place on the circuit.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { decodeEnd, encodeEnd } from '../cell/relay/end.ts'
import { EndReason } from '../cell/reasons.ts'
import { onAbort } from '../base/waiting/abort.ts'
import { startTimer } from '../base/waiting/clock.ts'
import { deferred, type Deferred } from '../base/waiting/deferred.ts'
import { SocketError, TorError } from '../base/errors.ts'
import { madeOnce, type Why } from '../base/why.ts'
import type { StreamCarrier, PendingStream, StreamPlace } from './contract/carrier.ts'
import { atEndOfTurn } from '../base/waiting/end-of-turn.ts'
import { ENDINGS, type Ending } from './endings.ts'
import { failureOfAbort, failureOfCircuit, failureOfClose, failureOfEnd } from './failure.ts'
import { HalfClosedStream } from './flow/half-closed.ts'
import type { StreamState } from './contract/legality.ts'
import { openingMessage, readConnected, type StreamTarget } from './opening.ts'
import type { ResolvedStreamOptions } from './options.ts'
import { ReadSide, type ReadSideOwner } from './bytes/read-side.ts'
import type { FlowOwner, StreamFlow } from './contract/stream-flow.ts'
import type { SocketInfo, StreamTraffic } from './contract/socket-info.ts'
import { WindowFlow } from './flow/window-flow.ts'
import { WriteSide, type WriteSideOwner } from './bytes/write-side.ts'
import { XonXoffFlow } from './flow/xon-xoff-flow.ts'

/** The most bytes that may wait in a stream that the application has not taken, twice as many as bring an XOFF. */
const ACCEPTING_LIMIT = 524_288

export class StreamController implements PendingStream, FlowOwner, ReadSideOwner, WriteSideOwner {
  readonly opened: Deferred<SocketInfo> = deferred()
  readonly closed: Deferred<void> = deferred()
  readonly read: ReadSide
  readonly write: WriteSide
  readonly #carrier: StreamCarrier
  readonly #target: StreamTarget
  readonly #options: ResolvedStreamOptions
  #state: 'connecting' | 'accepting' | 'open' | 'over'
  /** `opened` has resolved. */
  #isEstablished = false
  #place: StreamPlace | undefined
  #flow: StreamFlow = new WindowFlow(this)
  #stopTimer: (() => void) | undefined
  #forgetSignal: (() => void) | undefined

  constructor(carrier: StreamCarrier, target: StreamTarget, options: ResolvedStreamOptions) {
    this.#carrier = carrier
    this.#target = target
    this.#options = options
    this.#state = options.incoming ? 'accepting' : 'connecting'
    this.read = new ReadSide(this)
    this.write = new WriteSide(this, this.#flow)
    if (options.signal?.aborted) {
      this.#giveUp(failureOfAbort(options.signal.reason))
      return
    }
    this.#forgetSignal = onAbort(options.signal, () => this.#giveUp(failureOfAbort(options.signal?.reason)))
    carrier.attach(this)
  }

  // What the circuit calls.

  get state(): StreamState {
    return this.#flow.states[this.#state === 'over' ? 'open' : this.#state]
  }

  get flow(): StreamFlow {
    return this.#flow
  }

  get traffic(): StreamTraffic {
    return { bytesIn: this.read.received, bytesOut: this.write.sent, waiting: this.read.waiting }
  }

  attached(place: StreamPlace): void {
    this.#place = place
    if (place.xonXoff) this.moved()
    if (this.#options.incoming) return // the application answers
    const { command, body } = openingMessage(this.#target, this.#options)
    place.send(command, body)
    this.#startTimer(this.#options.timeout, () => {
      this.#giveUp(new SocketError('TIMEOUT', `the far end did not answer within ${this.#options.timeout} ms`))
    })
    if (this.#options.optimistic) this.write.open(place)
  }

  accepted(info: Omit<SocketInfo, 'flowControl'>): void {
    const place = this.#place
    if (this.#state !== 'accepting' || place === undefined) return
    place.send(RelayCommand.CONNECTED, new Uint8Array(0))
    this.write.open(place)
    this.#established({ ...info, flowControl: this.#flow.kind })
  }

  moved(): void {
    const flow = this.#place?.xonXoff
    this.#flow.stop()
    this.#flow = flow ? new XonXoffFlow(flow, this) : new WindowFlow(this)
    this.write.changeFlow(this.#flow)
  }

  dataArrived(bodies: Uint8Array, offset: number, length: number): void {
    this.#flow.dataArrived(length)
    this.read.push(bodies, offset, length)
  }

  messageArrived(command: number, body: Uint8Array): void {
    switch (command) {
      case RelayCommand.CONNECTED:
        this.#connected(body)
        break
      case RelayCommand.SENDME:
      case RelayCommand.XOFF:
      case RelayCommand.XON:
        this.#flow.messageArrived(command, body)
        break
      case RelayCommand.END:
        this.#ended(body)
        break
      default:
        throw new TorError('CIRCUIT_PROTOCOL', `relay message ${command} is no message of a stream`)
    }
  }

  readProcessed(): void {
    this.read.endOfPass()
    if (this.read.waiting > this.#limit) this.#overflow()
    this.#flow.readProcessed()
  }

  /** How much may wait for a reader. Where there is none yet it is less: anybody may begin streams. */
  get #limit(): number {
    const { receiveBufferLimit } = this.#options
    return this.#state === 'accepting' ? Math.min(receiveBufferLimit, ACCEPTING_LIMIT) : receiveBufferLimit
  }

  circuitFailed(error: TorError | SocketError): void {
    this.#settle(ENDINGS.broken, () => failureOfCircuit(error))
  }

  // What its flow control calls.

  get waiting(): number {
    return this.read.waiting
  }

  send(command: number, body: Uint8Array): void {
    this.#place?.send(command, body)
  }

  // What the two halves call.

  consumed(bytes: number): void {
    // After an END neither SENDME nor XON goes out, so that after ours the window says what may still come.
    if (this.#state === 'open') this.#flow.bytesConsumed(bytes)
  }

  readCancelled(): void {
    if (this.write.done) this.#settle(ENDINGS.notNeeded, failureOfClose)
    else this.#linger()
  }

  readFinished(): void {
    // At the end of the turn, so that `readable.pipeTo(writable)` has closed the writable by then.
    atEndOfTurn(() => this.write.errorIdle())
  }

  written(): void {
    if (this.read.done && this.#state !== 'over') this.#linger()
  }

  writeClosed(): void {
    if (this.read.done || this.#options.endOnClose) this.#settle(ENDINGS.notNeeded, failureOfClose)
  }

  writeAborted(reason: unknown): void {
    // The readable errors with the application's own reason.
    this.#settle(
      ENDINGS.givenUp,
      () => (reason instanceof SocketError ? reason : failureOfAbort(reason)),
      () => reason,
    )
  }

  // What the application calls.

  /** Closes both sides; END goes at once, after what was accepted. */
  close(reason: unknown): void {
    if (this.#state === 'over') this.read.close()
    else {
      const isCutOff = reason !== undefined || this.write.isUnfinished
      this.#settle(isCutOff ? ENDINGS.cutOff : ENDINGS.closed, () => failureOfClose(reason))
    }
  }

  #connected(body: Uint8Array): void {
    let info: SocketInfo
    try {
      info = readConnected(body, this.#target, this.#options, this.#flow.kind)
    } catch (error) {
      // Malformed or refused: this stream ends, the circuit goes on (tor-spec, "Opening streams").
      this.#state = 'open' // CONNECTED was seen: a second one is a violation
      this.#giveUp(error instanceof SocketError ? error : failureOfCircuit(error as TorError))
      return
    }
    this.#stopTimer?.()
    if (!this.#options.optimistic) this.write.open(this.#place as StreamPlace)
    this.#established(info)
  }

  #established(info: SocketInfo): void {
    this.#state = 'open'
    this.#isEstablished = true
    this.write.established()
    this.opened.resolve(info)
    if (this.read.done && !this.write.done) this.#linger()
  }

  #ended(body: Uint8Array): void {
    const end = decodeEnd(body)
    const connecting = this.#state !== 'open'
    if (!connecting && this.#isCleanEnd(end.reason))
      this.#settle(
        ENDINGS.farEndDone,
        () => new SocketError('ENDED', 'the far end finished the stream', { reason: end.reason }),
      )
    else this.#settle(ENDINGS.broken, () => failureOfEnd(end, connecting))
    this.#place?.leave()
  }

  /** A visitor says MISC for every end (tor-spec, "Closing streams"): no more can be known of it. */
  #isCleanEnd(reason: number): boolean {
    return reason === EndReason.DONE || (this.#options.incoming && reason === EndReason.MISC)
  }

  /** This side gives the stream up. */
  #giveUp(failure: SocketError): void {
    this.#settle(ENDINGS.givenUp, () => failure)
  }

  /**
   * The one way to the end: what comes first decides, and what comes later changes nothing.
   *
   * @param make - makes the failure, for the first who asks
   * @param whyRead - what the readable errors with, where that is another reason
   */
  #settle(ending: Ending, make: () => SocketError, whyRead?: Why): void {
    if (this.#state === 'over') return
    const why = madeOnce(make)
    if (ending.sendsEnd) this.#leave(ending)
    else this.#finish()
    if (!this.#isEstablished) this.opened.reject(why())
    if (ending.closed === 'resolve') this.closed.resolve()
    else this.closed.reject(why())
    this.write[ending.write](why)
    this.read[ending.read](whyRead ?? why)
  }

  /** Sends END after what was accepted, and leaves an entry behind that counts what may still come. */
  #leave(ending: Ending): void {
    const reason = this.#reasonFor(ending)
    const phase = this.#state === 'connecting' ? 'ended-connecting' : 'ended-open'
    this.write.seal()
    this.#finish()
    const place = this.#place
    if (place === undefined) {
      this.#carrier.withdraw(this)
      return
    }
    place.send(RelayCommand.END, encodeEnd(reason))
    place.leave(new HalfClosedStream(this.#flow.states[phase], this.#flow.late()))
  }

  /**
   * A client says MISC whatever the reason is (tor-spec, "Closing streams"). Who was visited says when all is sent, as
   * an exit does at the end of what it reads (C tor's `connection_edge_reached_eof`), and only then: for the visitor
   * nothing else tells an end from a break.
   */
  #reasonFor({ isWhole }: Ending): number {
    return this.#options.incoming && this.#state === 'open' && isWhole ? EndReason.DONE : EndReason.MISC
  }

  /** A far end that sends on and on although it was told to stop: what waits is dropped. */
  #overflow(): void {
    const message = `more than ${this.#limit} bytes wait for the reader, although the far end was told to stop`
    this.#giveUp(new SocketError('RECEIVE_BUFFER_FULL', message))
  }

  #finish(): void {
    this.#state = 'over'
    this.#flow.stop()
    this.#stopTimer?.()
    this.#forgetSignal?.()
  }

  /** The readable was cancelled: an upload may go on, but not forever without a word. */
  #linger(): void {
    if (this.#state !== 'open') return // CONNECTED or the timeout comes first
    this.#startTimer(this.#options.linger, () => {
      if (this.write.isUnfinished) this.#linger()
      else this.#settle(ENDINGS.notNeeded, failureOfClose)
    })
  }

  #startTimer(delay: number, callback: () => void): void {
    this.#stopTimer?.()
    this.#stopTimer = startTimer(this.#options.clock, delay, callback)
  }
}
