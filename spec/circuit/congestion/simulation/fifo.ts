/**
 * What comes first goes first. An array's own `shift` takes as long as the array is.
 *
 * @module
 */

/** How many that are gone are kept before the array is cut. */
const CUT_AT = 4096

export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the first away. */
  shift(): T | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.#head += 1
    if (this.#head === CUT_AT) {
      this.#items = this.#items.slice(CUT_AT)
      this.#head = 0
    }
    return first
  }
}
