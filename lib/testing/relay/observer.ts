/**
 * Waiting for what a relay observes, without polling and without sleeping.
 *
 * @module
 */

interface Waiter {
  readonly predicate: () => boolean
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Where every event of a test network is announced. */
export class Observer {
  readonly #waiters = new Set<Waiter>()
  #closed: Error | undefined

  /**
   * Resolves as soon as `predicate` is true: at once, or after the event that made it so. Rejects with what it throws,
   * and when the network closes first.
   */
  when(predicate: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (predicate()) resolve()
      else if (this.#closed !== undefined) reject(this.#closed)
      else this.#waiters.add({ predicate, resolve, reject })
    })
  }

  /** Something happened: asks every predicate again. */
  notify(): void {
    // Most of the time nobody waits, and this is called for every cell.
    if (this.#waiters.size === 0) return
    for (const waiter of this.#waiters) {
      try {
        if (!waiter.predicate()) continue
        waiter.resolve()
      } catch (error) {
        waiter.reject(error)
      }
      this.#waiters.delete(waiter)
    }
  }

  /** Nothing more will happen: whoever still waits is told so. */
  close(): void {
    this.notify()
    this.#closed = new Error('The test network was closed before this became true')
    for (const waiter of this.#waiters) waiter.reject(this.#closed)
    this.#waiters.clear()
  }
}
