/**
 * The two ends of a fixed flow-control window (tor-spec, "Flow control"): what may still be packaged, and what may
 * still arrive. A stream has one of each with 500 cells in steps of 50, a circuit hop one of each with 1000 in steps of
 * 100. Only DATA counts.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'

/** The size of a window and of the step by which a SENDME opens it, in cells. */
export interface WindowSize {
  /** What the window begins with, and never exceeds. */
  readonly cells: number
  /** What one SENDME adds. */
  readonly step: number
}

/** A stream's windows (tor-spec, "Stream-level flow control"). */
export const STREAM_WINDOW: WindowSize = { cells: 500, step: 50 }

/** A circuit hop's windows (tor-spec, "Circuit-level flow control"). */
export const CIRCUIT_WINDOW: WindowSize = { cells: 1000, step: 100 }

/**
 * The package window: how many DATA cells may still be sent.
 *
 * ```ts
 * const window = new SendWindow()
 * window.take(500)
 * window.available // 0: the writer waits
 * window.increment() // a SENDME came
 * window.available // 50
 * ```
 */
export class SendWindow {
  /** The window's size and step. */
  readonly size: WindowSize
  #available: number

  constructor(size: WindowSize = STREAM_WINDOW) {
    this.size = size
    this.#available = size.cells
  }

  /** Cells that may be sent now. */
  get available(): number {
    return this.#available
  }

  /**
   * Takes credit for `cells` cells that are about to be sent.
   *
   * @throws RangeError when there is less: a cell without credit must never be sent.
   */
  take(cells: number): void {
    if (!(cells >= 0 && cells <= this.#available))
      throw new RangeError(`Cannot take ${cells} cells from a window of ${this.#available}`)
    this.#available -= cells
  }

  /**
   * A SENDME came: one step more may be sent.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when the window would grow beyond its size: the peer acknowledges what was
   * never sent.
   */
  increment(): void {
    const available = this.#available + this.size.step
    if (available > this.size.cells) {
      throw new TorError('CIRCUIT_PROTOCOL', `SENDME would open a window of ${this.size.cells} cells to ${available}`)
    }
    this.#available = available
  }
}

/**
 * The deliver window: how many DATA cells may still arrive.
 *
 * ```ts
 * const window = new ReceiveWindow()
 * window.take() // a cell arrived
 * window.consumed(1) // 0 or 1: how many SENDMEs to send now
 * ```
 */
export class ReceiveWindow {
  /** The window's size and step. */
  readonly size: WindowSize
  #available: number
  #unacknowledged = 0

  constructor(size: WindowSize = STREAM_WINDOW) {
    this.size = size
    this.#available = size.cells
  }

  /** Cells that may still arrive before a SENDME of ours. */
  get available(): number {
    return this.#available
  }

  /**
   * A DATA cell arrived.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when the peer had no credit left for it.
   */
  take(): void {
    if (this.#available === 0) {
      throw new TorError('CIRCUIT_PROTOCOL', `DATA beyond a window of ${this.size.cells} cells`)
    }
    this.#available -= 1
  }

  /**
   * `cells` of the cells that arrived are done with. Returns how many SENDMEs to send; their credit is the peer's from
   * now on.
   *
   * @throws RangeError when fewer have arrived.
   */
  consumed(cells: number): number {
    const waiting = this.size.cells - this.#available - this.#unacknowledged
    if (!(cells >= 0 && cells <= waiting)) throw new RangeError(`Cannot consume ${cells} cells as ${waiting} wait`)
    this.#unacknowledged += cells
    const steps = Math.floor(this.#unacknowledged / this.size.step)
    this.#unacknowledged -= steps * this.size.step
    this.#available += steps * this.size.step
    return steps
  }
}
