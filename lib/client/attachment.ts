/**
 * One stream of the client's on its way to a circuit, and to another one if that may help (path-spec, "Handling failure"; tor-spec,
 * "Opening streams" for optimistic data).
 *
 * To the stream it is the place that it sends through, to each circuit an endpoint. Until CONNECTED it remembers what the stream
 * sent, so that the next circuit gets the same: the opening message, then the optimistic data. The application sees one
 * stream that takes a little longer.
 *
 * What is sent again takes its credit from the stream's own window, which begins anew on each circuit, and from the circuit's. The
 * stream's writes wait until all of it is sent, also when CONNECTED comes before that.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { decodeEnd } from '../cell/end.ts'
import { MAX_DATA } from '../cell/relay-cell-v0.ts'
import { SHORT_DATA } from '../circuit/short-cells.ts'
import type { Clock } from '../clock.ts'
import { deferred, type Deferred } from '../deferred.ts'
import { SocketError, TorError, type ErrorCode } from '../errors.ts'
import type { CellSource, CreditWaiter, StreamCarrier, StreamEndpoint, StreamGuest, StreamPlace } from '../stream/carrier.ts'
import { failureOfEnd } from '../stream/failure.ts'
import type { StreamState } from '../stream/legality.ts'
import { leaveUnanswered, type AttachableCircuit, type AttachmentOptions } from './attachable-circuit.ts'
import { AttemptLog, faultOf } from './attempt-outcome.ts'
import { Recording } from './recording.ts'

/** Attaches one stream. As a carrier it seats a single guest. */
export class Attachment implements StreamCarrier, StreamGuest, StreamPlace, CreditWaiter {
  readonly maxData: number = MAX_DATA
  readonly shortData: number = SHORT_DATA
  readonly #options: AttachmentOptions
  readonly #recording = new Recording()
  readonly #attempts: AttemptLog
  readonly #searching = new AbortController()
  #guest: StreamGuest | undefined
  #circuit: AttachableCircuit | undefined
  #place: StreamPlace | undefined
  /** The place where a cell of credit is set aside for the stream's last bytes. */
  #reservedOn: StreamPlace | undefined
  /** Cells that the stream has taken from its window, and that are recorded to be sent with it. */
  #paid = 0
  /** The stream's writer, while it waits for credit. */
  #waiter: CreditWaiter | undefined
  /** CONNECTED or RESOLVED came: there will be no other attempt. */
  #answered = false
  #over = false
  #behind: Deferred<void> | undefined
  #stopAttemptTimer: (() => void) | undefined
  #stopTimer: (() => void) | undefined

  constructor(options: AttachmentOptions) {
    this.#options = options
    this.#attempts = new AttemptLog(() => options.clock.now())
  }

  // What the stream calls, as of its carrier.

  attach(guest: StreamGuest): void {
    const { clock, timeout } = this.#options
    this.#guest = guest
    this.#stopTimer = after(clock, timeout, () => this.#giveUp('TIMEOUT', `no attempt succeeded within ${timeout} ms`))
    guest.attached(this)
    this.#search()
  }

  withdraw(): void {
    this.#finish()
  }

  // What the stream calls, as of its place.

  get id(): number {
    return this.#place?.id ?? 0
  }

  get credit(): number {
    // While a replay is under way the stream stands behind it.
    return this.#place !== undefined && this.#recording.replayed ? this.#place.credit : 0
  }

  get behind(): Promise<void> | undefined {
    if (this.#over || this.#recording.replayed) return undefined
    return (this.#behind ??= deferred()).promise
  }

  reserve(): void {
    this.#place?.reserve()
    this.#reservedOn = this.#place
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    const place = this.#place
    const lost = reserved && this.#reservedOn !== place
    if (reserved) this.#reservedOn = undefined
    if (place !== undefined && !lost) {
      place.sendData(this.#answered ? source : this.#recording.tee(source), cells, reserved)
      return
    }
    // The circuit that had set credit aside is gone: these bytes join what the next one gets.
    this.#recording.drain(source, cells)
    if (place === undefined) return
    this.#paid += cells
    this.#replay(Infinity)
  }

  send(command: number, body: Uint8Array): void {
    if (!this.#answered && command !== RelayCommand.END) this.#recording.open(command, body)
    this.#place?.send(command, body)
  }

  wait(waiter: CreditWaiter): void {
    this.#waiter = waiter
    if (this.#recording.replayed) this.#place?.wait(this)
  }

  unwait(waiter: CreditWaiter): void {
    if (this.#waiter !== waiter) return
    this.#waiter = undefined
    if (this.#recording.replayed) this.#place?.unwait(this)
  }

  leave(successor?: StreamEndpoint): void {
    this.#place?.unwait(this)
    this.#place?.leave(successor)
    this.#finish()
  }

  // What the circuit calls.

  get state(): StreamState {
    return (this.#guest as StreamGuest).state
  }

  attached(place: StreamPlace): void {
    if (this.#over) {
      place.leave()
      return
    }
    this.#place = place
    const { command, body } = this.#recording.opening
    place.send(command, body)
    this.#recording.rewind()
    this.#guest?.sendWindow?.reset()
    this.#paid = 0
    this.#replay(Infinity)
  }

  /** Credit for whoever stands in line: the replay first, then the stream's writer. */
  grant(cells: number): void {
    if (!this.#recording.replayed) {
      this.#replay(cells)
      return
    }
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.grant(cells)
  }

  receiveData(bodies: Uint8Array, offset: number, length: number): void {
    this.#guest?.receiveData(bodies, offset, length)
  }

  receive(command: number, body: Uint8Array): void {
    if (!this.#answered && command === RelayCommand.END) {
      this.#refused(body)
      return
    }
    if (command === RelayCommand.CONNECTED || command === RelayCommand.RESOLVED) this.#settle()
    this.#guest?.receive(command, body)
    // A SENDME may have made room for more of it.
    if (!this.#recording.replayed) this.#replay(Infinity)
  }

  endOfPass(): void {
    this.#guest?.endOfPass()
  }

  fail(error: TorError | SocketError): void {
    this.#place?.unwait(this)
    this.#place = undefined
    if (this.#answered) {
      this.#finish()
      this.#guest?.fail(error)
      return
    }
    this.#circuit?.failed('circuit', this.#options.wish)
    this.#attemptFailed(error.code, error.reason)
    if (this.#attempts.exhausted) this.#end(error.code, error.message, error)
    else this.#search()
  }

  /** Finds a circuit and takes a place on it. */
  #search(): void {
    if (this.#over) return
    this.#options.nextCircuit(this.#searching.signal).then(
      (circuit) => {
        if (this.#over) {
          circuit.released()
          return
        }
        this.#circuit = circuit
        const limit = this.#options.attemptTimeout(this.#attempts.all.length)
        this.#stopAttemptTimer = after(this.#options.clock, limit, () => this.#timedOut())
        circuit.carrier.attach(this)
      },
      (error: unknown) => {
        if (this.#over) return
        const failure = error instanceof TorError ? error : new TorError('NO_PATH', 'no circuit could be had', { cause: error })
        this.#giveUp(failure.code, failure.message, failure)
      },
    )
  }

  /** The exit did not answer in time: END, and the circuit takes no more streams. */
  #timedOut(): void {
    this.#giveBack()
    this.#circuit?.failed('silence', this.#options.wish)
    this.#attemptFailed('TIMEOUT')
    if (this.#attempts.exhausted) this.#end('TIMEOUT', 'none of many attempts was answered in time')
    else this.#search()
  }

  /** Leaves a circuit that has not answered; what may still come is counted there. */
  #giveBack(): void {
    const place = this.#place
    this.#place = undefined
    if (place === undefined) {
      this.#circuit?.carrier.withdraw(this)
      return
    }
    place.unwait(this)
    leaveUnanswered(place, this.state, this.#recording.cells)
  }

  /** END before CONNECTED: another circuit, or the end. */
  #refused(body: Uint8Array): void {
    const end = decodeEnd(body)
    const fault = faultOf(end.reason)
    // First of all: nothing of this attempt is on the circuit any more when that hears that it may be closed.
    this.#place?.unwait(this)
    this.#place?.leave()
    this.#place = undefined
    if (fault) this.#circuit?.failed(fault, this.#options.wish)
    const again = this.#attempts.ended(end, this.#fingerprints ?? [], (address) => this.#options.refuses?.(address) === true)
    this.#endAttempt()
    if (again) {
      this.#search()
      return
    }
    this.#finish()
    this.#guest?.fail(failureOfEnd(end, true, this.#attempts.all))
  }

  get #fingerprints(): readonly string[] | undefined {
    return this.#circuit?.fingerprints
  }

  #attemptFailed(code: ErrorCode, reason?: number): void {
    this.#attempts.failed(code, reason, this.#fingerprints)
    this.#endAttempt()
  }

  #endAttempt(): void {
    this.#stopAttemptTimer?.()
    const circuit = this.#circuit
    this.#circuit = undefined
    circuit?.released()
  }

  #giveUp(code: ErrorCode, message: string, cause?: TorError): void {
    if (this.#over) return
    this.#giveBack()
    this.#attemptFailed(code, cause?.reason)
    this.#end(code, message, cause)
  }

  /** The last attempt failed. */
  #end(code: ErrorCode, message: string, cause?: TorError | SocketError): void {
    this.#finish()
    this.#guest?.fail(new SocketError(code, message, { cause, reason: cause?.reason, attempts: this.#attempts.all }))
  }

  /** An answer came: there will be no other attempt. */
  #settle(): void {
    this.#answered = true
    this.#stopAttemptTimer?.()
    this.#stopTimer?.()
    if (this.#recording.replayed) this.#recording.clear()
  }

  /** It holds nothing any more: no timer, no memory, no circuit. Its place was left before, if there was one. */
  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#stopTimer?.()
    this.#waiter = undefined
    this.#recording.clear()
    this.#behind?.resolve()
    this.#searching.abort()
    if (this.#place === undefined) this.#circuit?.carrier.withdraw(this)
    this.#endAttempt()
  }

  /**
   * Sends again what the stream sent before, as far as there is credit: `most` cells if this is a turn that the circuit granted. Then
   * the stream itself goes on.
   */
  #replay(most: number): void {
    const place = this.#place
    if (place === undefined || this.#over) return
    const window = this.#guest?.sendWindow
    let granted = most
    while (!this.#recording.replayed) {
      // Where the stream's last bytes are still to come, they will be counted in the window too.
      const allowed = (window?.available ?? Infinity) + this.#paid - (this.#reservedOn === undefined ? 0 : 1)
      if (allowed <= 0) return // a SENDME will come, or those bytes
      const cells = Math.min(this.#recording.cellsLeft, allowed, granted === Infinity ? place.credit : granted)
      if (cells === 0) {
        place.wait(this)
        return
      }
      const paid = Math.min(cells, this.#paid)
      this.#paid -= paid
      window?.take(cells - paid)
      place.sendData(this.#recording, cells, false)
      granted -= cells
    }
    if (this.#answered) this.#recording.clear()
    this.#behind?.resolve()
    this.#behind = undefined
    const waiter = this.#waiter
    const credit = granted === Infinity ? place.credit : granted
    if (waiter === undefined) return
    if (credit > 0) {
      this.#waiter = undefined
      waiter.grant(credit)
    } else {
      place.wait(this)
    }
  }
}

/** As {@link Clock.after}; never, after an infinite time. */
const after = (clock: Clock, delay: number, callback: () => void): (() => void) | undefined =>
  delay === Infinity ? undefined : clock.after(delay, callback)
