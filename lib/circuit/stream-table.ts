/**
 * The stream ids of one hop and what each is for.
 *
 * @module
 */
import type { HalfClosedEndpoint, StreamEndpoint } from '../stream/contract/carrier.ts'

const MAX_ID = 0xffff

/**
 * Of the streams that the far end began, so many of the last that this side ended leave something behind, 150 kB at most.
 * C tor keeps nothing at all for those that it refuses (`handle_hs_exit_conn`); what is on its way for a stream comes
 * within a round trip of its END.
 */
const MOST_LEFT = 512

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
  /** The ids that the far end has chosen. */
  readonly #claimed = new Set<number>()
  /** What the last of those left behind, oldest first; some of it may be gone. */
  readonly #left: { readonly id: number; readonly endpoint: HalfClosedEndpoint }[] = []

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
    this.#claimed.add(id)
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
    if (successor === undefined) {
      this.#claimed.delete(id)
      return
    }
    if (successor.isExpired === undefined) {
      this.#endpoints.set(id, successor)
    } else {
      this.#expiring.set(id, successor)
      this.#oldest ??= successor
    }
    if (this.#claimed.has(id)) this.#leave(id, successor)
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
    this.#claimed.clear()
    this.#left.length = 0
    this.#oldest = undefined
    return endpoints
  }

  /** Something is left of a stream that the far end began: the oldest of that makes room. */
  #leave(id: number, endpoint: HalfClosedEndpoint): void {
    this.#left.push({ id, endpoint })
    if (this.#left.length <= MOST_LEFT) return
    const oldest = this.#left.shift() as { id: number; endpoint: HalfClosedEndpoint }
    this.free(oldest.id, oldest.endpoint)
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
      this.#claimed.delete(id)
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
