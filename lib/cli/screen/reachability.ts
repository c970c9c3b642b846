/**
 * Whether relays can be reached, as far as a client's events tell: circuits that come to nothing before their first relay
 * answers, one after the other, mean that there is no network.
 *
 * @module
 */
import type { ClientEvent } from '../../client/watch/client-event.ts'

/** So many circuits in a row. A single guard that is down is none of the user's business. */
const FAILURES = 3

export class Reachability {
  #failures = 0

  /** True while nobody can be reached. */
  get isLost(): boolean {
    return this.#failures >= FAILURES
  }

  /** Takes an event. Returns what has changed with it, if anything has. */
  apply(event: ClientEvent): 'lost' | 'back' | undefined {
    if (event.type !== 'circuit') return undefined
    const { state, hops } = event.circuit
    if (state === 'open') {
      const wasLost = this.isLost
      this.#failures = 0
      return wasLost ? 'back' : undefined
    }
    if (state !== 'closed' || hops > 0) return undefined
    this.#failures += 1
    return this.#failures === FAILURES ? 'lost' : undefined
  }
}

/** What is told of it. */
export const LOST = 'No relay can be reached: is there a network? The proxy goes on trying'
export const BACK = 'Relays can be reached again'
