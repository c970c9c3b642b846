/**
 * Clients that wait for a service, those who have worked most first (proposal 327, "The Intro Queue").
 *
 * @module
 */

/** More than so many do not wait: those who have worked least go. */
const MAX_WAITING = 16_384

/** Who has waited for so long has given up, in ms. */
const MAX_AGE = 15_000

/** One who waits. */
export interface Waiting<T> {
  readonly effort: number
  /** Since when, in ms. */
  readonly since: number
  readonly request: T
}

/** What was thrown out of a queue. */
export interface Trimmed {
  readonly count: number
  /** The greatest effort among them. */
  readonly effort: number
}

/** A queue, in memory that is bounded. */
export class RequestQueue<T> {
  /** A heap: each is at least as urgent as the two at twice its place and one or two more. */
  readonly #heap: Waiting<T>[] = []
  readonly #now: () => number
  readonly #forget: (request: T) => void
  readonly #most: number
  #trimmed: Trimmed = { count: 0, effort: 0 }

  /**
   * @param forget - is given each who waits no more without having been taken
   */
  constructor(now: () => number, forget: (request: T) => void, most: number = MAX_WAITING) {
    this.#now = now
    this.#forget = forget
    this.#most = most
  }

  /** How many wait, those who have waited too long included. */
  get length(): number {
    return this.#heap.length
  }

  /** The effort of the next one; undefined when nobody waits. */
  get nextEffort(): number | undefined {
    return this.#heap[0]?.effort
  }

  /** What was thrown out since this was asked last. */
  takeTrimmed(): Trimmed {
    const trimmed = this.#trimmed
    this.#trimmed = { count: 0, effort: 0 }
    return trimmed
  }

  push(request: T, effort: number): void {
    const heap = this.#heap
    heap.push({ request, effort, since: this.#now() })
    for (let at = heap.length - 1; at > 0;) {
      const above = (at - 1) >> 1
      if (!this.#isAhead(at, above)) break
      this.#swap(at, above)
      at = above
    }
    if (heap.length > this.#most) this.#trim()
  }

  /** The next one who has not waited too long; undefined when nobody has. */
  take(): T | undefined {
    const oldest = this.#now() - MAX_AGE
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      if (next.since > oldest) return next.request
      this.#forget(next.request)
    }
    return undefined
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const { request } of this.#heap.splice(0)) this.#forget(request)
  }

  #first(): Waiting<T> | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ;) {
      let best = at
      for (const below of [2 * at + 1, 2 * at + 2]) if (below < heap.length && this.#isAhead(below, best)) best = below
      if (best === at) return first
      this.#swap(at, best)
      at = best
    }
  }

  /** Half of them go: doing it one by one would cost as much for each. */
  #trim(): void {
    const heap = this.#heap
    const oldest = this.#now() - MAX_AGE
    const isThere = ({ since }: Waiting<T>): boolean => since > oldest
    const left = heap.filter((each) => !isThere(each))
    const waiting = heap.filter(isThere).sort((a, b) => b.effort - a.effort || a.since - b.since)
    const gone = waiting.splice(Math.ceil(this.#most / 2))
    heap.length = 0
    heap.push(...waiting) // what is sorted is a heap
    for (const { request } of [...left, ...gone]) this.#forget(request)
    const { count, effort } = this.#trimmed
    this.#trimmed = { count: count + gone.length, effort: Math.max(effort, gone[0]?.effort ?? 0) }
  }

  #isAhead(one: number, other: number): boolean {
    const a = this.#heap[one] as Waiting<T>
    const b = this.#heap[other] as Waiting<T>
    return a.effort > b.effort || (a.effort === b.effort && a.since < b.since)
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap
    const kept = heap[one] as Waiting<T>
    heap[one] = heap[other] as Waiting<T>
    heap[other] = kept
  }
}
