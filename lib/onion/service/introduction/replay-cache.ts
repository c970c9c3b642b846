/**
 * What has been seen before, so that it is not answered twice (rend-spec-v3, "Preventing replays"). An answer to a message
 * that somebody has recorded would tell him whose it is, and cost a circuit each time.
 *
 * @module
 */

const NAME_SIZE = 16

/** So many, and the oldest go. */
export class ReplayCache {
  readonly #seen = new Map<string, number>()
  readonly #limit: number
  readonly #lifetime: number

  /**
   * @param limit - how many are remembered at most
   * @param lifetime - how long each, in ms; `Infinity` for as long as there is room
   */
  constructor(limit: number, lifetime: number = Infinity) {
    this.#limit = limit
    this.#lifetime = lifetime
  }

  /** How many are remembered. */
  get size(): number {
    return this.#seen.size
  }

  /**
   * True for what has not been seen before; it is remembered from now on.
   *
   * @param name - 16 bytes of it or more, which nobody but its author can choose: the first 16 count
   * @param now - in ms
   */
  add(name: Uint8Array, now: number): boolean {
    for (const [key, at] of this.#seen) {
      if (this.#seen.size < this.#limit && now - at < this.#lifetime) break
      this.#seen.delete(key)
    }
    const key = String.fromCharCode(...name.subarray(0, NAME_SIZE))
    if (this.#seen.has(key)) return false
    this.#seen.set(key, now)
    return true
  }
}
