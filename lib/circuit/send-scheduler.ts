/**
 * Who may send on a hop, and how much: the hop's window and the room on the link, shared fairly by the streams that
 * wait.
 *
 * @module
 */
import type { CreditWaiter } from '../stream/contract/carrier.ts'
import { atEndOfTurn } from '../base/waiting/end-of-turn.ts'

/**
 * Credit is what the window has, less what is reserved for cells that are sealed later, and never more than the link
 * has room for. Waiters are served in rounds: `ceil(credit / waiters)` cells each, by the credit at the round's
 * beginning. A round that the credit does not last for goes on with the next credit, and whose share it cut off is the
 * first of the round after it and gets what was left beside its new share. So one upload never starves another, in
 * whatever portions credit comes.
 *
 * Who needs less than a share has perhaps only come to the end of a chunk, and its next write is a microtask away:
 * while others wait, the rest of the share stays its own until the turn ends. So it does not matter either in which
 * portions an application writes.
 */
export class SendScheduler {
  readonly #window: { readonly available: number }
  readonly #room: () => number
  /** Who waits. The first `#unserved` have not had their share of this round. */
  readonly #line: CreditWaiter[] = []
  #unserved = 0
  /** The cells of a share in this round. */
  #share = 0
  /** What the first of the line is to get of its share. */
  #owed = 0
  /** Whose share the credit did not last for, and what was left of it: with both the next round begins. */
  #cutOff: { readonly waiter: CreditWaiter; readonly left: number } | undefined
  #reserved = 0
  /** What is left of shares in this turn, and whose it is. */
  readonly #kept = new Map<CreditWaiter, number>()
  #keptCells = 0

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
    return this.creditOf(undefined)
  }

  /** Cells that this writer may send now, out of line: what is left of its share, and what nobody waits for. */
  creditOf(waiter: CreditWaiter | undefined): number {
    const all = this.#all()
    const kept = Math.min(all, (waiter && this.#kept.get(waiter)) ?? 0)
    return this.#line.length > 0 ? kept : Math.max(kept, all - this.#keptCells + kept)
  }

  /** The writer has sent, or set aside, `cells` cells out of line. */
  spent(waiter: CreditWaiter | undefined, cells: number): void {
    const kept = waiter && this.#kept.get(waiter)
    if (kept === undefined) return
    const used = Math.min(kept, cells)
    this.#kept.set(waiter as CreditWaiter, kept - used)
    this.#keptCells -= used
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
    if (this.#line.includes(waiter)) return
    if (this.#cutOff?.waiter === waiter) this.#line.splice(this.#unserved, 0, waiter)
    else this.#line.push(waiter)
  }

  /** Leaves the line. */
  unwait(waiter: CreditWaiter): void {
    const at = this.#line.indexOf(waiter)
    if (at < 0) return
    this.#line.splice(at, 1)
    if (at === 0) this.#owed = this.#share
    if (at < this.#unserved) this.#unserved -= 1
  }

  /** The writer is gone for good: it leaves the line, and what is left of its shares is the others'. */
  forget(waiter: CreditWaiter): void {
    this.unwait(waiter)
    if (this.#cutOff?.waiter === waiter) this.#cutOff = undefined
    this.#keptCells -= this.#kept.get(waiter) ?? 0
    this.#kept.delete(waiter)
  }

  /** There may be credit again: gives each waiter its share while it lasts. */
  serve(): void {
    for (let all = this.#all(); all > this.#keptCells;) {
      const free = all - this.#keptCells
      if (this.#unserved === 0) this.#beginRound(free)
      const waiter = this.#line.shift()
      if (waiter === undefined) return
      const cells = Math.min(this.#owed, free)
      const left = this.#owed - cells
      this.#unserved -= 1
      this.#owed = this.#share
      waiter.grant(cells)
      const before = all
      all = this.#all()
      const isBack = this.#line.at(-1) === waiter
      if (!isBack) this.#keep(waiter, cells - (before - all))
      if (left > 0) {
        this.#cutOff = { waiter, left }
        if (isBack) this.wait(this.#line.pop() as CreditWaiter)
      }
    }
  }

  /** What is left of a share that was cut off comes first, and the rest of the credit is shared. */
  #beginRound(credit: number): void {
    const { waiter, left = 0 } = this.#cutOff ?? {}
    const debt = this.#line[0] === waiter ? left : 0
    this.#unserved = this.#line.length
    this.#share = Math.max(1, Math.ceil((credit - debt) / this.#line.length))
    this.#owed = this.#share + debt
    this.#cutOff = undefined
  }

  #keep(waiter: CreditWaiter, cells: number): void {
    if (cells <= 0 || (this.#line.length === 0 && this.#kept.size === 0)) return
    if (this.#kept.size === 0) {
      atEndOfTurn(() => {
        this.#kept.clear()
        this.#keptCells = 0
        this.serve()
      })
    }
    this.#kept.set(waiter, (this.#kept.get(waiter) ?? 0) + cells)
    this.#keptCells += cells
  }

  /** Credit that is not reserved. */
  #all(): number {
    return Math.max(0, Math.min(this.#window.available, this.#room()) - this.#reserved)
  }
}
