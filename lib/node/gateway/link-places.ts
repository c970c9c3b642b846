/**
 * How many links there may be, in all and for one client.
 *
 * @module
 */

export class LinkPlaces {
  readonly #limit: number
  readonly #limitPerClient: number
  readonly #taken = new Map<string, number>()
  #total = 0

  constructor(limit: number, limitPerClient: number) {
    this.#limit = limit
    this.#limitPerClient = limitPerClient
  }

  /**
   * Takes a place.
   *
   * @returns what gives it back, once; undefined when there is none
   */
  take(client: string): (() => void) | undefined {
    const taken = this.#taken.get(client) ?? 0
    if (this.#total >= this.#limit || taken >= this.#limitPerClient) return undefined
    this.#taken.set(client, taken + 1)
    this.#total += 1
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#total -= 1
      const left = (this.#taken.get(client) ?? 1) - 1
      if (left > 0) this.#taken.set(client, left)
      else this.#taken.delete(client)
    }
  }
}
