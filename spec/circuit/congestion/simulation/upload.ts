/**
 * A circuit that uploads as much as its congestion window allows, to an exit that acknowledges each increment of cells.
 *
 * @module
 */
import { encodeSendme } from '../../../../lib/cell/relay/sendme.ts'
import { CongestionWindow } from '../../../../lib/circuit/congestion/congestion-window.ts'
import { DEFAULTS } from '../support/parameters.ts'
import type { Line } from './line.ts'
import type { SimulatedNetwork } from './network.ts'

const INCREMENT = DEFAULTS.sendmeIncrement

/** The exit's SENDMEs all say the same: what is simulated is time. */
const TAG = new Uint8Array(20)
const SENDME = encodeSendme(TAG)
const tag = (): Uint8Array => TAG

export class SimulatedUpload {
  readonly window: CongestionWindow
  readonly #network: SimulatedNetwork
  readonly #forth: readonly Line[]
  readonly #back: readonly Line[]
  #arrived = 0
  #slowStartEndedAt: number | undefined

  constructor(network: SimulatedNetwork, forth: readonly Line[], back: readonly Line[]) {
    this.#network = network
    this.#forth = forth
    this.#back = back
    this.window = new CongestionWindow(DEFAULTS, INCREMENT, network, () => false)
  }

  /** Cells that have come to the exit. */
  get arrived(): number {
    return this.#arrived
  }

  /** When the first sign of a queue came, in ms; undefined before. */
  get slowStartEndedAt(): number | undefined {
    return this.#slowStartEndedAt
  }

  /** Sends all that the window allows, now and from now on. */
  start(): void {
    while (this.window.available > 0) {
      this.window.take(tag)
      this.#network.forward({ route: this.#forth, hop: 0, arrived: this.#dataArrived })
    }
  }

  readonly #dataArrived = (): void => {
    this.#arrived += 1
    if (this.#arrived % INCREMENT === 0)
      this.#network.forward({ route: this.#back, hop: 0, arrived: this.#sendmeArrived })
  }

  readonly #sendmeArrived = (): void => {
    this.window.acknowledge(SENDME)
    if (!this.window.inSlowStart) this.#slowStartEndedAt ??= this.#network.now()
    this.start()
  }
}
