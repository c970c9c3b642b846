/**
 * One stream: its state, its flow control, and the rules of opening and closing (design: Tor has no half-close; END
 * ends both directions). It joins the readable half, the writable half and the place on the circuit.
 *
 * @module
 */
import { encodeBegin } from '../cell/relay/begin.ts'
import { RelayCommand } from '../cell/commands.ts'
import { decodeConnected } from '../cell/relay/connected.ts'
import { decodeEnd, encodeEnd } from '../cell/relay/end.ts'
import { isInternalAddress, parseIPAddress } from '../cell/ip-address.ts'
import { EndReason } from '../cell/reasons.ts'
import { onAbort } from '../base/abort.ts'
import { startTimer } from '../base/clock.ts'
import { deferred, type Deferred } from '../base/deferred.ts'
import { SocketError, TorError } from '../base/errors.ts'
import type { StreamCarrier, PendingStream, StreamPlace } from './contract/carrier.ts'
import { atEndOfTurn } from '../base/end-of-turn.ts'
import { failureOfAbort, failureOfCircuit, failureOfClose, failureOfEnd } from './failure.ts'
import { HalfClosedStream } from './flow/half-closed.ts'
import type { StreamState } from './contract/legality.ts'
import { BEGIN_FLAGS, type ResolvedStreamOptions } from './options.ts'
import { ReadSide, type ReadSideOwner } from './bytes/read-side.ts'
import type { SocketAddress } from './socket-address.ts'
import type { FlowOwner, StreamFlow } from './contract/stream-flow.ts'
import type { SocketInfo } from './contract/socket-info.ts'
import { WindowFlow } from './flow/window-flow.ts'
import { WriteSide, type WriteSideOwner } from './bytes/write-side.ts'
import { XonXoffFlow } from './flow/xon-xoff-flow.ts'

const EMPTY = new Uint8Array(0)

/** Where a stream goes: an address, or the relay's own directory. */
export type StreamTarget = SocketAddress | 'directory'

export class StreamController implements PendingStream, FlowOwner, ReadSideOwner, WriteSideOwner {
  readonly opened: Deferred<SocketInfo> = deferred()
  readonly closed: Deferred<void> = deferred()
  readonly read: ReadSide
  readonly write: WriteSide
  readonly #carrier: StreamCarrier
  readonly #target: StreamTarget
  readonly #options: ResolvedStreamOptions
  #state: 'connecting' | 'open' | 'over' = 'connecting'
  #place: StreamPlace | undefined
  #flow: StreamFlow = new WindowFlow(this)
  #stopTimer: (() => void) | undefined
  #forgetSignal: (() => void) | undefined

  constructor(carrier: StreamCarrier, target: StreamTarget, options: ResolvedStreamOptions) {
    this.#carrier = carrier
    this.#target = target
    this.#options = options
    this.read = new ReadSide(this, options.streams, options.readableType)
    this.write = new WriteSide(this, this.#flow, options.streams)
    if (options.signal?.aborted) {
      this.#giveUp(failureOfAbort(options.signal.reason))
      return
    }
    this.#forgetSignal = onAbort(options.signal, () => this.#giveUp(failureOfAbort(options.signal?.reason)))
    carrier.attach(this)
  }

  // What the circuit calls.

  get state(): StreamState {
    return this.#state === 'connecting' ? this.#flow.states.connecting : this.#flow.states.open
  }

  get flow(): StreamFlow {
    return this.#flow
  }

  attached(place: StreamPlace): void {
    this.#place = place
    if (place.xonXoff) this.moved()
    if (this.#target === 'directory') {
      place.send(RelayCommand.BEGIN_DIR, EMPTY)
    } else {
      const { hostname: host, port } = this.#target
      place.send(RelayCommand.BEGIN, encodeBegin({ host, port, flags: BEGIN_FLAGS[this.#options.addressFamily] }))
    }
    this.#startTimer(this.#options.timeout, () => {
      this.#giveUp(new SocketError('TIMEOUT', `the far end did not answer within ${this.#options.timeout} ms`))
    })
    if (this.#options.optimistic) this.write.open(place)
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
    if (this.read.waiting > this.#options.receiveBufferLimit) this.#overflow()
    this.#flow.readProcessed()
  }

  circuitFailed(error: TorError | SocketError): void {
    this.#break(failureOfCircuit(error))
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
    if (this.write.done) this.#end()
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
    if (this.read.done || this.#options.endOnClose) this.#end()
  }

  writeAborted(reason: unknown): void {
    const failure = reason instanceof SocketError ? reason : failureOfAbort(reason)
    this.opened.reject(failure)
    this.closed.reject(failure)
    this.#leave()
    this.read.abort(reason)
  }

  // What the application calls.

  /** Closes both sides; END goes at once, after what was accepted. */
  close(reason: unknown): void {
    if (this.#state === 'over') {
      this.read.close()
      return
    }
    const failure = failureOfClose(reason)
    this.#leave()
    this.opened.reject(failure)
    this.closed.resolve()
    this.write.fail(failure)
    this.read.close()
  }

  #connected(body: Uint8Array): void {
    let info: SocketInfo
    try {
      info = this.#checkConnected(body)
    } catch (error) {
      // Malformed or refused: this stream ends, the circuit goes on (tor-spec, "Opening streams").
      this.#state = 'open' // CONNECTED was seen: a second one is a violation
      this.#giveUp(error instanceof SocketError ? error : failureOfCircuit(error as TorError))
      return
    }
    this.#state = 'open'
    this.#stopTimer?.()
    if (!this.#options.optimistic) this.write.open(this.#place as StreamPlace)
    this.write.established()
    this.opened.resolve(info)
    if (this.read.done && !this.write.done) this.#linger()
  }

  #checkConnected(body: Uint8Array): SocketInfo {
    const flowControl = this.#flow.kind
    if (this.#target === 'directory')
      return { remoteAddress: undefined, localAddress: undefined, alpn: undefined, ttl: undefined, flowControl }
    const { address, ttl } = decodeConnected(body)
    if (address !== undefined) {
      const bytes = parseIPAddress(address) as Uint8Array
      const { addressFamily, rejectInternalAddresses } = this.#options
      const unwanted = bytes.length === 16 ? addressFamily === 'ipv4' : addressFamily === 'ipv6'
      if (unwanted || (rejectInternalAddresses && isInternalAddress(bytes))) {
        throw new SocketError(
          'ADDRESS_REFUSED',
          `the exit connected to ${unwanted ? 'an unwanted' : 'an internal'} address`,
          { address, ttl },
        )
      }
    }
    const remoteAddress =
      address === undefined ? undefined : `${address.includes(':') ? `[${address}]` : address}:${this.#target.port}`
    return { remoteAddress, localAddress: undefined, alpn: undefined, ttl, flowControl }
  }

  #ended(body: Uint8Array): void {
    const end = decodeEnd(body)
    if (this.#state === 'connecting' || end.reason !== EndReason.DONE) {
      this.#place?.leave()
      this.#break(failureOfEnd(end, this.#state === 'connecting'))
      return
    }
    this.#finish()
    this.closed.resolve()
    this.write.remoteEnded(new SocketError('ENDED', 'the far end finished the stream', { reason: end.reason }))
    this.#place?.leave()
    this.read.end()
  }

  /** The stream is broken from outside: what arrived is still delivered, then both halves error. */
  #break(failure: SocketError): void {
    if (this.#state === 'over') return
    this.#finish()
    this.opened.reject(failure)
    this.closed.reject(failure)
    this.write.fail(failure)
    this.read.fail(failure)
  }

  /** This side gives the stream up: END goes now, and what arrived is dropped. */
  #giveUp(failure: SocketError): void {
    if (this.#state === 'over') return
    this.#leave()
    this.opened.reject(failure)
    this.closed.reject(failure)
    this.write.fail(failure)
    this.read.abort(failure)
  }

  /** This side needs the stream no longer: END, and a clean `closed`. What arrived before is still delivered. */
  #end(): void {
    if (this.#state === 'over') return
    this.#leave()
    this.closed.resolve()
    this.write.fail(failureOfClose(undefined))
    this.read.end()
  }

  /** Sends END after what was accepted, and leaves an entry behind that counts what may still come. */
  #leave(): void {
    if (this.#state === 'over') return
    const phase = this.#state === 'connecting' ? 'ended-connecting' : 'ended-open'
    this.write.seal()
    this.#finish()
    const place = this.#place
    if (place === undefined) {
      this.#carrier.withdraw(this)
      return
    }
    place.send(RelayCommand.END, encodeEnd(EndReason.MISC))
    place.leave(new HalfClosedStream(this.#flow.states[phase], this.#flow.late()))
  }

  /** A far end that sends on and on although it was told to stop: what waits is dropped. */
  #overflow(): void {
    const message = `more than ${this.#options.receiveBufferLimit} bytes wait for the reader, although the far end was told to stop`
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
      if (this.write.busy) this.#linger()
      else this.#end()
    })
  }

  #startTimer(delay: number, callback: () => void): void {
    this.#stopTimer?.()
    this.#stopTimer = startTimer(this.#options.clock, delay, callback)
  }
}
