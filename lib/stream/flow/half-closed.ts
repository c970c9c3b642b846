/**
 * What is left of a stream after we sent END: an entry that keeps the id taken and judges what may still arrive
 * (tor-spec, "Closing streams"; proposal 344 tells why it matters).
 *
 * Most far ends send no END in answer to ours, so under fixed windows most entries stay as long as their circuit. One
 * takes less than 300 bytes.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import type { HalfClosedEndpoint } from '../contract/carrier.ts'
import type { StreamState } from '../contract/legality.ts'
import type { HalfClosedRules } from '../contract/stream-flow.ts'

/** Takes over a stream's id: one CONNECTED if it was pending, and what its flow control still lets come. */
export class HalfClosedStream implements HalfClosedEndpoint {
  #state: StreamState
  readonly #late: HalfClosedRules | undefined

  /** @param late - what its flow control left; a lookup has none */
  constructor(state: StreamState, late?: HalfClosedRules) {
    this.#state = state
    this.#late = late
  }

  get state(): StreamState {
    return this.#state
  }

  get isExpired(): boolean | undefined {
    return this.#late?.isExpired
  }

  dataArrived(): void {
    this.#late?.data()
  }

  messageArrived(command: number, body: Uint8Array): void {
    this.#late?.message(command, body)
    if (command === RelayCommand.CONNECTED && this.#late) this.#state = this.#late.states['ended-open']
  }

  readProcessed(): void {
    // nothing is handed on
  }

  circuitFailed(): void {
    // nobody waits
  }
}
