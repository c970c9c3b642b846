/**
 * What may still arrive for a stream with XON/XOFF after our END. There is no window that says how much: as in C tor
 * and Arti it is time that runs out (proposal 324, section 4.1.4), and a number of cells of our own, so that it is
 * never without end.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { monotonicTime } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { XonXoffSetup } from '../contract/carrier.ts'
import { STATES, type StreamStates } from '../contract/legality.ts'
import type { HalfClosedRules } from '../contract/stream-flow.ts'
import type { XonXoffLimits } from './xon-xoff-limits.ts'

/**
 * How long, in ms. What is on its way takes one round trip of the circuit at most, and a circuit of which one takes
 * longer than this was not even built in time: it is what C tor begins with as its circuit build timeout.
 */
const LONGEST = 60_000

/** How many cells of DATA: 8 MB, well above what any relay has on its way to one client. */
const MOST_CELLS = 16_384

export class LateXonXoff implements HalfClosedRules {
  readonly states: StreamStates = STATES['congestion-control']
  readonly #limits: XonXoffLimits
  readonly #setup: XonXoffSetup
  readonly #until: number
  #cellsLeft = MOST_CELLS

  /** Our END is sent now. */
  constructor(limits: XonXoffLimits, setup: XonXoffSetup) {
    this.#limits = limits
    this.#setup = setup
    this.#until = monotonicTime(setup.clock) + Math.max(LONGEST, setup.maxRtt ?? 0)
  }

  get isExpired(): boolean {
    return monotonicTime(this.#setup.clock) > this.#until
  }

  data(): void {
    this.#checkTime()
    if (this.#cellsLeft === 0)
      throw new TorError('CIRCUIT_PROTOCOL', `more than ${MOST_CELLS} cells of DATA after our END`)
    this.#cellsLeft -= 1
  }

  message(command: number, body: Uint8Array): void {
    this.#checkTime()
    if (command === RelayCommand.XOFF || command === RelayCommand.XON) this.#limits.receive(command, body)
  }

  #checkTime(): void {
    if (this.isExpired) throw new TorError('CIRCUIT_PROTOCOL', 'a message long after our END')
  }
}
