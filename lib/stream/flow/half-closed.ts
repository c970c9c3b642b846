/**
 * What is left of a stream after we sent END: an entry that keeps the id taken and judges what may still arrive
 * (tor-spec, "Closing streams"; proposal 344 tells why it matters).
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import type { StreamEndpoint, StreamPlace } from '../contract/carrier.ts'
import type { StreamState } from '../contract/legality.ts'
import type { HalfClosedRules } from '../contract/stream-flow.ts'

/**
 * Takes over a stream's id: one CONNECTED if it was pending, and what its flow control still lets come. END or RESOLVED
 * frees the id.
 */
export class HalfClosedStream implements StreamEndpoint {
  #state: StreamState
  readonly #place: StreamPlace
  readonly #late: HalfClosedRules | undefined

  /** @param late - what its flow control left; a lookup has none */
  constructor(state: StreamState, place: StreamPlace, late?: HalfClosedRules) {
    this.#state = state
    this.#place = place
    this.#late = late
  }

  get state(): StreamState {
    return this.#state
  }

  dataArrived(): void {
    this.#late?.data()
  }

  messageArrived(command: number, body: Uint8Array): void {
    this.#late?.message(command, body)
    if (command === RelayCommand.CONNECTED && this.#late) this.#state = this.#late.states['ended-open']
    else if (command === RelayCommand.END || command === RelayCommand.RESOLVED) this.#place.leave()
  }

  readProcessed(): void {
    // nothing is handed on
  }

  circuitFailed(): void {
    // nobody waits
  }
}
