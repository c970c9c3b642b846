/**
 * Who may send on a hop, and how much: the hop's window and the room on the link, shared fairly by the streams that wait.
 *
 * @module
 */
import type { CreditWaiter } from '../stream/carrier.ts'

/**
 * Credit is what the window has, less what is reserved for cells that are sealed later, and never more than the link has
 * room for. Waiters are served in rounds: `ceil(credit / waiters)` cells each, by the credit at the round's beginning. A round
 * that the credit does not last for goes on with the next credit, so that one upload never starves another, in whatever
 * portions credit comes.
 */
export class CreditLine {
  readonly #window: { readonly available: number }
  readonly #room: () => number
  /** Who waits. The first `#unserved` have not had their share of this round. */
  readonly #line: CreditWaiter[] = []
  #unserved = 0
  /** The cells of a share in this round. */
  #share = 0
  /** What the first of the line is to get of its share. */
  #owed = 0
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
    if (at < 0) return
    this.#line.splice(at, 1)
    if (at === 0) this.#owed = this.#share
    if (at < this.#unserved) this.#unserved -= 1
  }

  /** There may be credit again: gives each waiter its share while it lasts. */
  serve(): void {
    for (let free = this.#free(); free > 0; free = this.#free()) {
      if (this.#unserved === 0) {
        this.#unserved = this.#line.length
        this.#share = this.#owed = Math.ceil(free / this.#line.length)
      }
      const waiter = this.#line.shift()
      if (waiter === undefined) return
      const cells = Math.min(this.#owed, free)
      const left = this.#owed - cells
      this.#unserved -= 1
      this.#owed = this.#share
      waiter.grant(cells)
      if (left > 0 && this.#line.at(-1) === waiter) {
        this.#line.pop()
        this.#line.unshift(waiter)
        this.#unserved += 1
        this.#owed = left
      }
    }
  }

  #free(): number {
    return Math.max(0, Math.min(this.#window.available, this.#room()) - this.#reserved)
  }
}
