/**
 * How many clients may be in the middle of their handshakes: a slow client must not take the place of the others.
 *
 * @module
 */

/** Who is in a handshake, in the order in which they came. */
export class HandshakePlaces {
  readonly #limit: number
  readonly #taken = new Set<() => void>()

  /** @param limit at least 1 */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Takes a place. When there is none left, whoever has been here for the longest time loses theirs.
   *
   * @param lose - called when this one does; it stands for the place
   */
  take(lose: () => void): void {
    const [oldest] = this.#taken.size >= this.#limit ? this.#taken : []
    if (oldest !== undefined) {
      this.#taken.delete(oldest)
      oldest()
    }
    this.#taken.add(lose)
  }

  /** Gives the place back. Of no effect once it is lost. */
  leave(lose: () => void): void {
    this.#taken.delete(lose)
  }
}
