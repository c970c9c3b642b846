/**
 * Who may send on a hop, and how much: the hop's window and the room on the link, shared fairly by the streams that wait.
 *
 * @module
 */
import type { CreditWaiter } from '../stream/carrier.ts'

/**
 * Credit is what the window has, less what is reserved for cells that are sealed later, and never more than the link has
 * room for. Waiters are served in rounds, `ceil(credit / waiters)` cells each, so that one upload never starves another.
 */
export class CreditLine {
  readonly #window: { readonly available: number }
  readonly #room: () => number
  readonly #line: CreditWaiter[] = []
  #reserved = 0

  /**
   * @param window - the hop's package window
   * @param room - how many more cells the link takes now
   */
  constructor(window: { readonly available: number }, room: () => number) {
    this.#window = window
    this.#room = room
  }

  /** Cells that a stream out of line may send now: none while others wait. */
  get credit(): number {
    return this.#line.length > 0 ? 0 : this.#free()
  }

  /** Sets one cell aside. */
  reserve(): void {
    this.#reserved += 1
  }

  /** A reserved cell is about to be sealed. */
  unreserve(): void {
    this.#reserved -= 1
  }

  /** Stands in line, once. */
  wait(waiter: CreditWaiter): void {
    if (!this.#line.includes(waiter)) this.#line.push(waiter)
  }

  /** Leaves the line. */
  unwait(waiter: CreditWaiter): void {
    const at = this.#line.indexOf(waiter)
    if (at >= 0) this.#line.splice(at, 1)
  }

  /**
   * There may be credit again: gives each waiter its share while it lasts. Shares are fixed for a round; who gets less than one
   * because the credit ends is the first of the next round.
   */
  serve(): void {
    while (this.#line.length > 0 && this.#free() > 0) {
      const share = Math.ceil(this.#free() / this.#line.length)
      for (let unserved = this.#line.length; unserved > 0; unserved--) {
        const cells = Math.min(share, this.#free())
        const waiter = cells > 0 ? this.#line.shift() : undefined
        if (waiter === undefined) return
        waiter.grant(cells)
        if (cells < share && this.#line.at(-1) === waiter) this.#line.unshift(this.#line.pop() as CreditWaiter)
      }
    }
  }

  #free(): number {
    return Math.max(0, Math.min(this.#window.available, this.#room()) - this.#reserved)
  }
}
