/**
 * One stream of the client's on its way to a circuit, and to another one if that may help (path-spec, "Handling failure"; tor-spec,
 * "Opening streams" for optimistic data).
 *
 * To the stream it is the place that it sends through, to each circuit an endpoint. Until CONNECTED it remembers what the stream
 * sent, so that the next circuit gets the same: the opening message, then the optimistic data. The application sees one
 * stream that takes a little longer.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { decodeEnd, encodeEnd } from '../cell/end.ts'
import { EndReason, endReasonName } from '../cell/reasons.ts'
import { MAX_DATA } from '../cell/relay-cell-v0.ts'
import { SHORT_DATA } from '../circuit/short-cells.ts'
import type { Clock } from '../clock.ts'
import { SocketError, TorError, type ErrorCode, type StreamAttempt } from '../errors.ts'
import type { CellSource, CreditWaiter, StreamCarrier, StreamEndpoint, StreamGuest, StreamPlace } from '../stream/carrier.ts'
import { failureOfEnd } from '../stream/failure.ts'
import { HalfClosedStream } from '../stream/half-closed.ts'
import type { StreamState } from '../stream/legality.ts'
import { ReceiveWindow, SendWindow } from '../stream/windows.ts'
import type { ExitWish } from './exit-choice.ts'
import { Recording } from './recording.ts'

/** A circuit that a stream can be attached to. */
export interface AttachableCircuit {
  /** Where the stream gets its id. */
  readonly carrier: StreamCarrier
  /** The fingerprints of its relays, guard first. */
  readonly fingerprints: readonly string[]
  /** The stream failed here in a way that speaks against the circuit, or its exit. */
  failed(fault: AttemptFault, wish: ExitWish): void
  /** The stream is here no more. */
  released(): void
}

/**
 * What a failed attempt says:
 * - `circuit`: no new streams on this circuit
 * - `exit-full`: this exit takes no streams at all for now
 * - `exit-policy`: this exit does not connect there
 */
export type AttemptFault = 'circuit' | 'exit-full' | 'exit-policy'

/** What an attachment needs of the client. */
export interface AttachmentOptions {
  /** What the stream is for. */
  readonly wish: ExitWish
  /** Finds or builds a circuit, and counts the stream as one of its own. */
  nextCircuit(signal: AbortSignal): Promise<AttachableCircuit>
  /** How long attempt number `n` (from 0) may take, in ms. */
  attemptTimeout(n: number): number
  /** How long all attempts together may take, in ms. */
  readonly timeout: number
  readonly clock: Clock
}

/** How many attempts may end with a reason that speaks against the circuit only (protocol row 75, C tor's `MAX_RESOLVE_FAILURES`). */
const MAX_CIRCUIT_FAULTS = 3

const FAULTS: ReadonlyMap<number, AttemptFault> = new Map<number, AttemptFault>([
  [EndReason.HIBERNATING, 'exit-full'],
  [EndReason.RESOURCELIMIT, 'exit-full'],
  [EndReason.EXITPOLICY, 'exit-policy'],
  [EndReason.RESOLVEFAILED, 'circuit'],
  [EndReason.MISC, 'circuit'],
  [EndReason.NOROUTE, 'circuit'],
])

/** Attaches one stream. As a carrier it seats a single guest. */
export class Attachment implements StreamCarrier, StreamGuest, StreamPlace, CreditWaiter {
  readonly maxData: number = MAX_DATA
  readonly shortData: number = SHORT_DATA
  readonly #options: AttachmentOptions
  readonly #recording = new Recording()
  readonly #attempts: StreamAttempt[] = []
  readonly #searching = new AbortController()
  #guest: StreamGuest | undefined
  #circuit: AttachableCircuit | undefined
  #place: StreamPlace | undefined
  /** The circuit on which a cell of credit is set aside for the stream's last bytes. */
  #reservedOn: StreamPlace | undefined
  /** The stream's writer, while it waits for credit. */
  #waiter: CreditWaiter | undefined
  #connected = false
  #over = false
  #circuitFaults = 0
  #startedAt = 0
  #stopAttemptTimer: (() => void) | undefined
  #stopTimer: (() => void) | undefined

  constructor(options: AttachmentOptions) {
    this.#options = options
  }

  // What the stream calls, as of its carrier.

  attach(guest: StreamGuest): void {
    const { clock, timeout } = this.#options
    this.#guest = guest
    this.#startedAt = clock.now()
    if (timeout !== Infinity) this.#stopTimer = clock.after(timeout, () => this.#giveUp('TIMEOUT', `no attempt succeeded within ${timeout} ms`))
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

  reserve(): void {
    this.#place?.reserve()
    this.#reservedOn = this.#place
  }

  sendData(source: CellSource, cells: number, reserved: boolean): void {
    const place = this.#place
    const lost = reserved && this.#reservedOn !== place
    if (reserved) this.#reservedOn = undefined
    if (place === undefined || lost) {
      // The circuit that had set credit aside is gone: these bytes join what the next one gets.
      this.#recording.drain(source, cells)
      if (place) this.#replay(Infinity)
    } else {
      place.sendData(this.#connected ? source : this.#recording.tee(source), cells, reserved)
    }
  }

  send(command: number, body: Uint8Array): void {
    if (!this.#connected && command !== RelayCommand.END) this.#recording.open(command, body)
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
    if (!this.#connected && command === RelayCommand.END) {
      this.#refused(body)
      return
    }
    if (command === RelayCommand.CONNECTED || command === RelayCommand.RESOLVED) this.#settle()
    this.#guest?.receive(command, body)
  }

  endOfPass(): void {
    this.#guest?.endOfPass()
  }

  fail(error: TorError | SocketError): void {
    this.#place = undefined
    if (this.#connected) {
      this.#finish()
      this.#guest?.fail(error)
    } else {
      this.#attemptFailed(error.code, error.reason)
      this.#search()
    }
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
        const limit = this.#options.attemptTimeout(this.#attempts.length)
        this.#stopAttemptTimer = this.#options.clock.after(limit, () => this.#timedOut())
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
    this.#endAttempt()
    this.#circuit?.failed('circuit', this.#options.wish)
    this.#attemptFailed('TIMEOUT', undefined)
    this.#search()
  }

  /** Leaves a circuit that has not answered; what may still come is counted there. */
  #endAttempt(): void {
    const place = this.#place
    this.#place = undefined
    if (place === undefined) {
      this.#circuit?.carrier.withdraw(this)
    } else if (this.state === 'resolving') {
      place.leave(new HalfClosedStream('ended-resolving', place, new SendWindow(), new ReceiveWindow()))
    } else {
      const window = new SendWindow()
      window.take(this.#recording.cells)
      place.send(RelayCommand.END, encodeEnd(EndReason.MISC))
      place.leave(new HalfClosedStream('ended-connecting', place, window, new ReceiveWindow()))
    }
  }

  /** END before CONNECTED: another circuit, or the end. */
  #refused(body: Uint8Array): void {
    const end = decodeEnd(body)
    const name = endReasonName(end.reason)
    const fault = FAULTS.get(end.reason)
    if (fault) this.#circuit?.failed(fault, this.#options.wish)
    this.#attemptFailed(name ? `END_${name}` : 'END_OTHER', end.reason)
    if (fault === 'circuit') this.#circuitFaults += 1
    const again = fault !== undefined && this.#circuitFaults < MAX_CIRCUIT_FAULTS && this.#attempts.length < 10
    if (!again) {
      const failure = failureOfEnd(end, true, this.#attempts)
      this.#place?.leave()
      this.#finish()
      this.#guest?.fail(failure)
      return
    }
    this.#place?.leave()
    this.#place = undefined
    this.#search()
  }

  #attemptFailed(code: ErrorCode, reason: number | undefined): void {
    this.#stopAttemptTimer?.()
    this.#attempts.push({ code, reason, fingerprints: this.#circuit?.fingerprints ?? [], elapsed: this.#options.clock.now() - this.#startedAt })
    this.#circuit?.released()
    this.#circuit = undefined
  }

  #giveUp(code: ErrorCode, message: string, cause?: unknown): void {
    if (this.#over) return
    this.#endAttempt()
    this.#finish()
    this.#guest?.fail(new SocketError(code, message, { cause, attempts: this.#attempts }))
  }

  /** An answer came: there will be no other attempt. */
  #settle(): void {
    this.#connected = true
    this.#stopAttemptTimer?.()
    this.#stopTimer?.()
    this.#recording.clear()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#stopAttemptTimer?.()
    this.#stopTimer?.()
    this.#recording.clear()
    this.#searching.abort()
    if (this.#place === undefined) this.#circuit?.carrier.withdraw(this)
    this.#circuit?.released()
    this.#circuit = undefined
  }

  /** Sends again what the stream sent before, as far as there is credit; then the stream itself goes on. */
  #replay(most: number): void {
    const place = this.#place as StreamPlace
    while (!this.#recording.replayed) {
      const cells = Math.min(this.#recording.cellsLeft, most === Infinity ? place.credit : most)
      if (cells === 0) {
        place.wait(this)
        return
      }
      place.sendData(this.#recording, cells, false)
      if (most !== Infinity) break
    }
    if (!this.#recording.replayed) place.wait(this)
    else if (this.#waiter) {
      const waiter = this.#waiter
      if (place.credit > 0) {
        this.#waiter = undefined
        waiter.grant(place.credit)
      } else {
        place.wait(this)
      }
    }
  }
}
