/**
 * The stream ids of one hop and what each is for.
 *
 * @module
 */
import type { StreamEndpoint } from '../stream/contract/carrier.ts'

const MAX_ID = 0xffff

/** Ids start at a random place and go up, past those that are open or half-closed (tor-spec, "Opening streams"). */
export class StreamTable {
  readonly #endpoints = new Map<number, StreamEndpoint>()
  #next: number

  /** @param firstId - where ids begin, 1 to 65535 */
  constructor(firstId: number = randomId()) {
    this.#next = firstId
  }

  /** Gives the endpoint an id, or undefined when all 65,535 are taken. */
  allocate(endpoint: StreamEndpoint): number | undefined {
    if (this.#endpoints.size === MAX_ID) return undefined
    while (this.#endpoints.has(this.#next)) this.#advance()
    const id = this.#next
    this.#endpoints.set(id, endpoint)
    this.#advance()
    return id
  }

  /** What the id is for. */
  get(id: number): StreamEndpoint | undefined {
    return this.#endpoints.get(id)
  }

  /** Hands the id over, or frees it. */
  replace(id: number, successor: StreamEndpoint | undefined): void {
    if (successor === undefined) this.#endpoints.delete(id)
    else this.#endpoints.set(id, successor)
  }

  /** Frees every id, and gives what they were for. */
  clear(): StreamEndpoint[] {
    const endpoints = [...this.#endpoints.values()]
    this.#endpoints.clear()
    return endpoints
  }

  #advance(): void {
    this.#next = this.#next === MAX_ID ? 1 : this.#next + 1
  }
}

function randomId(): number {
  const random = crypto.getRandomValues(new Uint32Array(1))
  return 1 + ((random[0] as number) % MAX_ID)
}
