/**
 * Introductions, a few at a time: each costs a circuit, and who sends thousands must not make the service hold thousands.
 * What has waited longest goes first when there is no more room: its client has waited longest too, and is about to give
 * up.
 *
 * @module
 */

/** How many are answered at a time, and how many wait. */
export const MAX_ANSWERED = 64
export const MAX_WAITING = 256

export class IntroductionQueue<T> {
  readonly #answer: (introduction: T) => Promise<void>
  readonly #forget: (introduction: T) => void
  readonly #waiting: T[] = []
  #answered = 0
  #dropped = 0
  #isClosed = false

  /**
   * @param answer - never rejects
   * @param forget - is given what is not answered
   */
  constructor(answer: (introduction: T) => Promise<void>, forget: (introduction: T) => void) {
    this.#answer = answer
    this.#forget = forget
  }

  /** How many there are, those that are answered just now included. */
  get size(): number {
    return this.#waiting.length + this.#answered
  }

  /** How many were never looked at. */
  get dropped(): number {
    return this.#dropped
  }

  add(introduction: T): void {
    if (this.#isClosed) return this.#forget(introduction)
    this.#waiting.push(introduction)
    if (this.#waiting.length > MAX_WAITING) {
      this.#forget(this.#waiting.shift() as T)
      this.#dropped += 1
    }
    this.#next()
  }

  /** None that waits is answered any more. */
  close(): void {
    this.#isClosed = true
    for (const introduction of this.#waiting.splice(0)) this.#forget(introduction)
  }

  #next(): void {
    while (this.#answered < MAX_ANSWERED && this.#waiting.length > 0) {
      this.#answered += 1
      void this.#answer(this.#waiting.shift() as T).finally(() => {
        this.#answered -= 1
        this.#next()
      })
    }
  }
}
