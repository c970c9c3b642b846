/**
 * How many clients may be in the middle of their handshakes: a slow client must not take the place of the others.
 *
 * @module
 */

/** Who is in a handshake, in the order in which they came. */
export class HandshakePlaces {
  readonly #limit: number
  readonly #taken = new Map<symbol, () => void>()

  /** @param limit at least 1 */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a place. When there is none left, whoever has been here for the longest time loses theirs. */
  take(onLoss: () => void): symbol {
    if (this.#taken.size >= this.#limit) {
      const [oldest, lose] = this.#taken.entries().next().value as [symbol, () => void]
      this.#taken.delete(oldest)
      lose()
    }
    const place = Symbol('handshake')
    this.#taken.set(place, onLoss)
    return place
  }

  /** Gives the place back. Of no effect once it is lost. */
  leave(place: symbol): void {
    this.#taken.delete(place)
  }
}
