/**
 * One stream of the client's on its way to a circuit, and to another one if that may help (path-spec, "Handling
 * failure"). The application sees one stream that takes a little longer.
 *
 * To the stream it is the carrier, to each circuit the endpoint. What the stream sends, and sends again on another
 * circuit, goes through its place (replaying-place.ts).
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { decodeEnd } from '../../cell/relay/end.ts'
import { startTimer } from '../../base/waiting/clock.ts'
import { SocketError, TorError, type ErrorCode } from '../../base/errors.ts'
import type { StreamCarrier, PendingStream, StreamPlace } from '../../stream/contract/carrier.ts'
import { failureOfEnd } from '../../stream/failure.ts'
import type { SocketCircuit, StreamTraffic } from '../../stream/contract/socket-info.ts'
import type { StreamFlow } from '../../stream/contract/stream-flow.ts'
import type { ExitRequirements } from '../paths/exit-choice.ts'
import type { StreamState } from '../../stream/contract/legality.ts'
import type { AttachableCircuit, AttachmentOptions, SeenStream } from './attachable-circuit.ts'
import { AttemptLog, faultOf } from './attempt-outcome.ts'
import { OptimisticReplay } from './optimistic-replay.ts'

/** Attaches one stream. As a carrier it takes a single stream. */
export class Attachment implements StreamCarrier, PendingStream, SeenStream {
  readonly #options: AttachmentOptions
  readonly #attempts: AttemptLog
  /** Gives up the search for a circuit that is under way. */
  #searching: AbortController | undefined
  /** The stream, and its place, from `attach` on. */
  #stream: PendingStream | undefined
  #place: OptimisticReplay | undefined
  /** The circuit of this attempt, once there is one. */
  #circuit: AttachableCircuit | undefined
  /** The stream has an id there. */
  #attached = false
  /** CONNECTED or RESOLVED came: there will be no other attempt. */
  #answered = false
  #over = false
  #stopAttemptTimer: (() => void) | undefined
  #stopTimer: (() => void) | undefined

  constructor(options: AttachmentOptions) {
    this.#options = options
    this.#attempts = new AttemptLog(() => options.clock.now())
  }

  // What may be seen.

  get requirements(): ExitRequirements {
    return this.#options.requirements
  }

  get phase(): SeenStream['phase'] {
    if (this.#over) return 'closed'
    return this.#answered ? 'open' : this.#attached ? 'connecting' : 'waiting'
  }

  get on(): AttachableCircuit | undefined {
    return this.#circuit
  }

  get flow(): StreamFlow | undefined {
    return this.#stream?.flow
  }

  get traffic(): StreamTraffic | undefined {
    return this.#stream?.traffic
  }

  get circuit(): SocketCircuit | undefined {
    return this.#circuit && this.#options.watcher?.circuitOf(this.#circuit)
  }

  get isOutdated(): boolean {
    return this.#options.isOutdated?.() === true
  }

  // What the stream calls.

  attach(stream: PendingStream): void {
    const { clock, timeout } = this.#options
    this.#stream = stream
    this.#place = new OptimisticReplay(stream, () => {
      this.#attached = false
      this.#finish()
    })
    this.#stopTimer = startTimer(clock, timeout, () =>
      this.#giveUp('TIMEOUT', `no attempt succeeded within ${timeout} ms`),
    )
    stream.attached(this.#place)
    this.#changed()
    this.#search()
  }

  withdraw(): void {
    this.#finish()
  }

  // What the circuit calls.

  get state(): StreamState {
    return (this.#stream as PendingStream).state
  }

  attached(place: StreamPlace): void {
    if (this.#over) {
      place.leave()
      return
    }
    this.#attached = true
    this.#place?.enter(place)
    this.#changed()
  }

  dataArrived(bodies: Uint8Array, offset: number, length: number): void {
    this.#stream?.dataArrived(bodies, offset, length)
  }

  messageArrived(command: number, body: Uint8Array): void {
    if (!this.#answered && command === RelayCommand.END) {
      this.#refused(body)
      return
    }
    if (command === RelayCommand.CONNECTED || command === RelayCommand.RESOLVED) this.#settle()
    this.#stream?.messageArrived(command, body)
  }

  readProcessed(): void {
    this.#stream?.readProcessed()
  }

  circuitFailed(error: TorError | SocketError): void {
    this.#attached = false
    this.#place?.lost()
    if (this.#answered) {
      this.#finish()
      this.#stream?.circuitFailed(error)
      return
    }
    this.#circuit?.failed('circuit', this.#options.requirements)
    this.#attemptFailed(error.code, error.reason)
    if (this.#isExhausted) this.#end(error.code, error.message, error)
    else this.#search()
  }

  #changed(): void {
    this.#options.watcher?.streamChanged(this)
  }

  get #isExhausted(): boolean {
    return this.#attempts.exhausted || this.#attempts.all.length >= (this.#options.mostAttempts ?? Infinity)
  }

  /** Finds a circuit and takes a place on it. */
  #search(): void {
    if (this.#over) return
    this.#searching = new AbortController()
    this.#options.nextCircuit(this.#searching.signal).then(
      (circuit) => {
        this.#searching = undefined
        if (this.#over) {
          circuit.released()
          return
        }
        this.#circuit = circuit
        const limit = this.#options.attemptTimeout(this.#attempts.all.length)
        this.#stopAttemptTimer = startTimer(this.#options.clock, limit, () => this.#timedOut())
        circuit.carrier.attach(this)
      },
      (error: unknown) => {
        if (this.#over) return
        const failure =
          error instanceof TorError ? error : new TorError('NO_PATH', 'no circuit could be had', { cause: error })
        this.#giveUp(failure.code, failure.message, failure)
      },
    )
  }

  /** An answer came: there will be no other attempt. */
  #settle(): void {
    this.#answered = true
    this.#stopAttemptTimer?.()
    this.#stopTimer?.()
    this.#place?.answered()
    this.#changed()
  }

  /** END before CONNECTED: another circuit, or the end. */
  #refused(body: Uint8Array): void {
    const end = decodeEnd(body)
    const fault = faultOf(end.reason)
    // First of all: nothing of this attempt is on the circuit any more when that hears that it may be closed.
    this.#attached = false
    this.#place?.refused()
    if (fault) this.#circuit?.failed(fault, this.#options.requirements)
    const again = this.#attempts.ended(
      end,
      this.#circuit?.fingerprints,
      (address) => this.#options.refuses?.(address) === true,
    )
    this.#endAttempt()
    if (again && this.#options.isFinal !== true) {
      this.#search()
      return
    }
    this.#finish()
    this.#stream?.circuitFailed(failureOfEnd(end, true, this.#attempts.all))
  }

  /** The exit did not answer in time: END, and the circuit takes no more streams. */
  #timedOut(): void {
    this.#leaveCircuit()
    this.#circuit?.failed('silence', this.#options.requirements)
    this.#attemptFailed('TIMEOUT')
    if (this.#attempts.exhausted) this.#end('TIMEOUT', 'none of many attempts was answered in time')
    else this.#search()
  }

  #giveUp(code: ErrorCode, message: string, cause?: TorError): void {
    if (this.#over) return
    this.#leaveCircuit()
    this.#attemptFailed(code, cause?.reason)
    this.#end(code, message, cause)
  }

  /** Leaves a circuit that has not answered, whether the stream has an id there or waits for one. */
  #leaveCircuit(): void {
    if (this.#attached) this.#place?.abandon()
    else this.#circuit?.carrier.withdraw(this)
    this.#attached = false
  }

  #attemptFailed(code: ErrorCode, reason?: number): void {
    this.#attempts.failed(code, reason, this.#circuit?.fingerprints)
    this.#endAttempt()
  }

  #endAttempt(): void {
    this.#stopAttemptTimer?.()
    const circuit = this.#circuit
    this.#circuit = undefined
    this.#changed()
    circuit?.released()
  }

  /** The last attempt failed. */
  #end(code: ErrorCode, message: string, cause?: TorError | SocketError): void {
    this.#finish()
    this.#stream?.circuitFailed(
      new SocketError(code, message, { cause, reason: cause?.reason, attempts: this.#attempts.all }),
    )
  }

  /** It holds nothing any more: no timer, no memory, no circuit. Its place there was left before, if it had one. */
  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#stopTimer?.()
    this.#place?.close()
    this.#searching?.abort()
    if (!this.#attached) this.#circuit?.carrier.withdraw(this)
    this.#endAttempt()
  }
}
