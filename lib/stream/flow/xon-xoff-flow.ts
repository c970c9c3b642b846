/**
 * Flow control by XON and XOFF (proposal 324, section 4), where congestion control runs on the circuit: the far end
 * sends what it likes until it is told to stop, and so do we.
 *
 * Sending: an XOFF stops it, an XON lets it go on at no more than the rate that it names. Receiving: an XOFF goes out
 * when too much waits for the application, an XON with the rate at which that was taken when nothing waits any more,
 * and another one whenever the rate has changed by much.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import { MAX_XON_RATE, encodeXoff, encodeXon } from '../../cell/relay/xon-xoff.ts'
import { monotonicTime, startTimer, type Clock } from '../../base/waiting/clock.ts'
import type { XonXoffSetup } from '../contract/carrier.ts'
import { DrainRate } from './drain-rate.ts'
import { atEndOfTurn } from '../../base/waiting/end-of-turn.ts'
import { XOFF_CELL, XON_CELL } from '../contract/flow-parameters.ts'
import { FlowWaiters } from './flow-waiters.ts'
import { LateXonXoff } from './late-xon-xoff.ts'
import { STATES, type StreamStates } from '../contract/legality.ts'
import type { FlowOwner, FlowWaiter, HalfClosedRules, StreamFlow } from '../contract/stream-flow.ts'
import type { FlowControlKind, StreamWindows, XonXoffState } from '../contract/socket-info.ts'
import { TokenBucket } from './token-bucket.ts'
import { XonXoffLimits } from './xon-xoff-limits.ts'

/** A writer that is held to a rate gets what has come together in this time, in ms: not a timer for each cell. */
const SHORTEST_WAIT = 10

export class XonXoffFlow implements StreamFlow {
  readonly kind: FlowControlKind = 'congestion-control'
  readonly states: StreamStates = STATES['congestion-control']
  readonly #setup: XonXoffSetup
  readonly #clock: Clock
  readonly #owner: FlowOwner
  readonly #limits: XonXoffLimits
  // Sending.
  readonly #bucket: TokenBucket
  readonly #waiters = new FlowWaiters()
  /** The far end sent an XOFF, and no XON since. */
  #stopped = false
  /** There is one only while somebody waits for the bucket. */
  #stopTimer: (() => void) | undefined
  // Receiving.
  readonly #drain: DrainRate
  /** More bytes than this may not wait without an XOFF. */
  readonly #xoffAt: number
  /** We sent an XOFF, and no XON since. */
  #xoffSent = false
  /** The rate of our last XON, if it had one, in 1000 bytes per second. */
  #rateSent: number | undefined
  /** Whether to send an XOFF is decided at the end of this turn. */
  #deciding = false
  #over = false

  constructor(setup: XonXoffSetup, owner: FlowOwner) {
    const { parameters, clock } = setup
    this.#setup = setup
    this.#clock = clock
    this.#owner = owner
    this.#limits = new XonXoffLimits(parameters)
    this.#bucket = new TokenBucket(clock)
    this.#drain = new DrainRate(parameters.xonRate * XON_CELL, parameters.xonEwmaCount)
    this.#xoffAt = parameters.xoffClient * XOFF_CELL
  }

  get windows(): StreamWindows {
    const room = Math.max(0, this.#xoffAt - this.#owner.waiting)
    return { package: this.available, deliver: this.#xoffSent ? 0 : Math.floor(room / MAX_DATA) }
  }

  get xonXoff(): XonXoffState {
    return { xoffSent: this.#xoffSent, xoffReceived: this.#stopped }
  }

  // Sending.

  get available(): number {
    return this.#stopped ? 0 : Math.max(0, Math.floor(this.#bucket.tokens / MAX_DATA))
  }

  takeCredit(): void {
    // bytes count, not cells
  }

  bytesSent(bytes: number): void {
    this.#limits.sent(bytes)
    this.#bucket.take(bytes)
  }

  wait(waiter: FlowWaiter): void {
    this.#waiters.add(waiter)
    this.#startTimer()
  }

  messageArrived(command: number, body: Uint8Array): void {
    const rate = this.#limits.receive(command, body)
    this.#clearTimer()
    this.#stopped = rate === 0
    if (this.#stopped) return
    this.#bucket.setRate(rate * 1000)
    this.#open()
  }

  #open(): void {
    if (this.available > 0) this.#waiters.call()
    else this.#startTimer()
  }

  #startTimer(): void {
    if (this.#stopped || this.#stopTimer !== undefined || this.#waiters.none) return
    const delay = Math.max(SHORTEST_WAIT, Math.ceil(this.#bucket.timeUntil(MAX_DATA)))
    this.#stopTimer = startTimer(this.#clock, delay, () => {
      this.#stopTimer = undefined
      this.#open()
    })
  }

  #clearTimer(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  // Receiving.

  dataArrived(): void {
    // what waits is judged once a pass
  }

  bytesConsumed(bytes: number): void {
    if (bytes === 0) return
    const { waiting } = this.#owner
    this.#drain.drained(bytes, waiting, monotonicTime(this.#clock))
    if (this.#xoffSent ? waiting === 0 : this.#rateChanged()) this.#sendXon()
  }

  /**
   * Decided at the end of the turn, not now: a burst that the application takes as fast as it can, chunk by chunk,
   * sends no XOFF. That is what C tor has a grace period of 5 ms for, in which its own outbuf may drain (its bug
   * 41130).
   */
  readProcessed(): void {
    if (this.#deciding || !this.#isTooMuch()) return
    this.#deciding = true
    atEndOfTurn(() => {
      this.#deciding = false
      if (this.#isTooMuch()) this.#sendXoff()
    })
  }

  #isTooMuch(): boolean {
    return !this.#over && !this.#xoffSent && this.#owner.waiting > this.#xoffAt
  }

  #sendXoff(): void {
    this.#xoffSent = true
    this.#drain.forget()
    this.#owner.send(RelayCommand.XOFF, encodeXoff())
  }

  #sendXon(): void {
    const rate = Math.max(1, Math.round(this.#drain.rate))
    this.#xoffSent = false
    this.#rateSent = rate <= MAX_XON_RATE ? rate : undefined
    this.#owner.send(RelayCommand.XON, encodeXon(this.#rateSent ?? Infinity))
  }

  /** Only where the last XON set a rate: who was never slow, or is not any more, is told nothing. */
  #rateChanged(): boolean {
    if (this.#rateSent === undefined) return false
    return Math.abs(this.#drain.rate - this.#rateSent) * 100 > this.#setup.parameters.xonChangePct * this.#rateSent
  }

  // The end.

  stop(): void {
    this.#over = true
    this.#waiters.clear()
    this.#clearTimer()
  }

  late(): HalfClosedRules {
    this.stop()
    return new LateXonXoff(this.#limits, this.#setup)
  }
}
