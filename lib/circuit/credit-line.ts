/**
 * Who may send on a hop, and how much: the hop's window and the room on the link, shared fairly by the streams that wait.
 *
 * @module
 */
import type { CreditWaiter } from '../stream/carrier.ts'

/**
 * Credit is what the window has, less what is reserved for cells that are sealed later, and never more than the link has
 * room for. Waiters are served in turn, `ceil(credit / waiters)` cells each, so that one upload never starves another.
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

  /** There may be credit again: gives each waiter its share while it lasts. */
  serve(): void {
    for (;;) {
      const free = this.#free()
      if (free === 0) return
      const share = Math.ceil(free / this.#line.length)
      const waiter = this.#line.shift()
      if (waiter === undefined) return
      waiter.grant(share)
    }
  }

  #free(): number {
    return Math.max(0, Math.min(this.#window.available, this.#room()) - this.#reserved)
  }
}
