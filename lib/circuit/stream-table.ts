/**
 * The stream ids of one hop and what each is for.
 *
 * @module
 */
import type { HalfClosedEndpoint, StreamEndpoint } from '../stream/contract/carrier.ts'

const MAX_ID = 0xffff

/**
 * Ids start at a random place and go up, past those that are open or half-closed (tor-spec, "Opening streams"). What
 * has expired gives up its id when others come or go.
 */
export class StreamTable {
  readonly #endpoints = new Map<number, StreamEndpoint>()
  /** What streams left behind, where it expires by time: the oldest first. */
  readonly #expiring = new Map<number, HalfClosedEndpoint>()
  /**
   * The oldest of them, so that nothing is walked to see that none has expired: Firefox follows up each iterator that was
   * left early with every change of the map, until it is collected.
   */
  #oldest: HalfClosedEndpoint | undefined
  #next: number

  /** @param firstId - where ids begin, 1 to 65535 */
  constructor(firstId: number = randomId()) {
    this.#next = firstId
  }

  /** How many ids are taken. */
  get size(): number {
    return this.#endpoints.size + this.#expiring.size
  }

  /** Gives the endpoint an id, or undefined when all 65,535 are taken. */
  allocate(endpoint: StreamEndpoint): number | undefined {
    this.#expire()
    if (this.size === MAX_ID) return undefined
    while (this.get(this.#next) !== undefined) this.#advance()
    const id = this.#next
    this.#endpoints.set(id, endpoint)
    this.#advance()
    return id
  }

  /**
   * Takes an id that the far end has chosen. False when it is in use; what is left of a stream of ours that has ended
   * gives way, as the far end has seen the end.
   */
  claim(id: number, endpoint: StreamEndpoint): boolean {
    const known = this.get(id)
    if (known !== undefined && !known.state.startsWith('ended-')) return false
    this.replace(id, undefined)
    this.#endpoints.set(id, endpoint)
    return true
  }

  /** What the id is for. */
  get(id: number): StreamEndpoint | undefined {
    return this.#endpoints.get(id) ?? this.#expiring.get(id)
  }

  /** Hands the id over, or frees it. */
  replace(id: number, successor: HalfClosedEndpoint | undefined): void {
    this.#expire()
    this.#endpoints.delete(id)
    const wasOldest = this.#oldest !== undefined && this.#expiring.get(id) === this.#oldest
    this.#expiring.delete(id)
    if (wasOldest) this.#oldest = this.#expiring.values().next().value
    if (successor === undefined) return
    if (successor.isExpired === undefined) {
      this.#endpoints.set(id, successor)
    } else {
      this.#expiring.set(id, successor)
      this.#oldest ??= successor
    }
  }

  /** Frees the id if it is this endpoint's. */
  free(id: number, endpoint: StreamEndpoint): void {
    if (this.get(id) === endpoint) this.replace(id, undefined)
  }

  /** Frees every id, and gives what they were for. */
  clear(): StreamEndpoint[] {
    const endpoints = [...this.#endpoints.values(), ...this.#expiring.values()]
    this.#endpoints.clear()
    this.#expiring.clear()
    this.#oldest = undefined
    return endpoints
  }

  #expire(): void {
    if (this.#oldest?.isExpired !== true) return
    this.#oldest = undefined
    for (const [id, entry] of this.#expiring) {
      if (entry.isExpired !== true) {
        this.#oldest = entry
        return
      }
      this.#expiring.delete(id)
    }
  }

  #advance(): void {
    this.#next = this.#next === MAX_ID ? 1 : this.#next + 1
  }
}

function randomId(): number {
  const random = crypto.getRandomValues(new Uint32Array(1))
  return 1 + ((random[0] as number) % MAX_ID)
}
