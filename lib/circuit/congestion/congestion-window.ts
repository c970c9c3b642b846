/**
 * The window of a hop under congestion control: how many DATA cells may be on their way to it (proposal 324, 3 and 4).
 * It has the shape of the fixed window; how large it is Vegas decides, at each SENDME.
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import { ExpectedSendmes } from './sendme.ts'
import type { CongestionControlParameters } from './parameters.ts'
import { Vegas } from './vegas.ts'

/** The congestion window of a hop, and the tags of the SENDMEs that are still to come. */
export class CongestionWindow {
  readonly #vegas: Vegas
  readonly #increment: number
  readonly #clock: Clock
  readonly #isBlocked: () => boolean
  readonly #expected = new ExpectedSendmes()
  /** When the cell was sent that each expected SENDME answers, in µs, in the same order. */
  readonly #sentAt: number[] = []
  #inflight = 0

  /**
   * @param parameters - what the consensus says
   * @param sendmeIncrement - how many cells a SENDME acknowledges, as negotiated with the hop
   * @param clock - what round trips are measured with; only ever read
   * @param isBlocked - whether the link takes no cells now: asked when a SENDME comes
   * @throws RangeError when the increment is not a number from 1 to 254
   */
  constructor(
    parameters: CongestionControlParameters,
    sendmeIncrement: number,
    clock: Clock,
    isBlocked: () => boolean,
  ) {
    this.#vegas = new Vegas(parameters, sendmeIncrement)
    this.#increment = sendmeIncrement
    this.#clock = clock
    this.#isBlocked = isBlocked
  }

  /** DATA cells that may be sent now. */
  get available(): number {
    // The window may have shrunk to less than what is on its way.
    return Math.max(0, this.#vegas.cwnd - this.#inflight)
  }

  /** The congestion window, in cells. */
  get cwnd(): number {
    return this.#vegas.cwnd
  }

  /** DATA cells that were sent and not acknowledged. */
  get inflight(): number {
    return this.#inflight
  }

  /** The smoothed round-trip time in ms; undefined before the first measurement. */
  get rtt(): number | undefined {
    const { smoothed } = this.#vegas.rtt
    return smoothed === 0 ? undefined : smoothed / 1000
  }

  /** The longest round trip so far, in ms; 0 before the first measurement. */
  get maxRtt(): number {
    return this.#vegas.rtt.max / 1000
  }

  /** True until the first sign of a queue. */
  get inSlowStart(): boolean {
    return this.#vegas.inSlowStart
  }

  /**
   * One DATA cell is sealed. `tag`, the hop's running digest after it, is asked for only when a SENDME will answer this
   * very cell.
   *
   * @param setAside - its credit was set aside before, when there was some; the window may have shrunk since
   * @throws RangeError without credit
   */
  take(tag: () => Uint8Array, setAside = false): void {
    if (this.available === 0 && !setAside)
      throw new RangeError(`Cannot send a cell as a window of ${this.cwnd} has ${this.#inflight} on their way`)
    this.#inflight += 1
    if (this.#inflight % this.#increment !== 0) return
    this.#expected.push(tag())
    this.#sentAt.push(this.#now())
  }

  /**
   * A circuit SENDME came: an increment of cells has arrived, and the window is judged anew.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when none is due, or it has another version or tag than the one that is due
   * @throws TorError `CELL_MALFORMED`
   */
  acknowledge(body: Uint8Array): void {
    this.#expected.check(body)
    const now = this.#now()
    this.#vegas.acknowledged(now - (this.#sentAt.shift() ?? now), this.#inflight, this.#isBlocked())
    this.#inflight -= this.#increment
  }

  /** In whole µs. */
  #now(): number {
    return Math.floor(monotonicTime(this.#clock) * 1000)
  }
}
