/**
 * Who waits until flow control lets more out.
 *
 * @module
 */
import type { FlowWaiter } from '../contract/stream-flow.ts'

/** A stream's writer, and whoever sends again what the stream sent elsewhere: two at most. */
export class FlowWaiters {
  #waiting = new Set<FlowWaiter>()

  /** True when nobody waits. */
  get none(): boolean {
    return this.#waiting.size === 0
  }

  /** Waits, once. */
  add(waiter: FlowWaiter): void {
    this.#waiting.add(waiter)
  }

  /** Calls everybody who waits now; who is called may wait again. */
  call(): void {
    if (this.none) return
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const waiter of waiting) waiter.flowOpened()
  }

  /** Nobody will be called. */
  clear(): void {
    this.#waiting.clear()
  }
}
