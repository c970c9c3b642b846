/**
 * How much work a service asks for (proposal 327, "Updating the suggested effort"): more while clients are turned away,
 * less once nobody has to wait.
 *
 * @module
 */
import { LARGEST_EFFORT } from '../puzzle.ts'
import type { RequestQueue, Trimmed } from './request-queue.ts'

/** How often it is looked at, in ms. */
export const EFFORT_PERIOD = 300_000

/** So many who wait are a queue. */
const A_QUEUE = 16

/** By how much it has to change before descriptors are published anew. */
const WORTH_TELLING = 0.15

/** What happened in one period. */
interface Period {
  total: number
  handled: number
  hadQueue: boolean
}

const fresh = (): Period => ({ total: 0, handled: 0, hadQueue: false })

export class SuggestedEffort {
  #effort = 0
  #told = 0
  #period = fresh()

  /** What descriptors say. */
  get value(): number {
    return this.#effort
  }

  /** A client was served. */
  handled(effort: number, queue: Pick<RequestQueue<unknown>, 'length'>): void {
    this.#period.total += effort
    this.#period.handled += 1
    this.queued(queue)
  }

  /** A client has come. */
  queued({ length }: Pick<RequestQueue<unknown>, 'length'>): void {
    if (length >= A_QUEUE) this.#period.hadQueue = true
  }

  /** The end of a period. True when it is to be told. */
  update(queue: Pick<RequestQueue<unknown>, 'length' | 'nextEffort'> & { takeTrimmed(): Trimmed }): boolean {
    const { total, handled, hadQueue } = this.#period
    const trimmed = queue.takeTrimmed()
    const isWaitedFor = queue.length >= A_QUEUE && (queue.nextEffort ?? 0) >= this.#effort
    if ((trimmed.count > 0 && trimmed.effort >= this.#effort) || isWaitedFor) {
      const mean = handled === 0 ? 0 : Math.floor(total / handled)
      this.#effort = Math.min(Math.max(this.#effort + 1, mean), LARGEST_EFFORT)
    } else if (!hadQueue) this.#effort = Math.floor((2 * this.#effort) / 3)
    this.#period = fresh()
    const isTold = Math.abs(this.#effort - this.#told) <= WORTH_TELLING * this.#told
    if (!isTold) this.#told = this.#effort
    return !isTold
  }
}
