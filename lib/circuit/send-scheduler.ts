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
 * beginning. A round that the credit does not last for goes on with the next credit. Those whose shares were cut off meanwhile
 * are the first of the round after it, and get what was left beside their new shares. So one upload never starves another,
 * in whatever portions credit comes.
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
  /** Whose shares the credit did not last for, in the order of the next round, and what was left of them. */
  readonly #cutOff = new Map<CreditWaiter, number>()
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
    if (this.#cutOff.has(waiter)) this.#line.splice(this.#beginOfNextRound(), 0, waiter)
    else this.#line.push(waiter)
  }

  /** The place behind all of this round and those who are the first of the next. */
  #beginOfNextRound(): number {
    let at = this.#unserved
    while (at < this.#line.length && this.#cutOff.has(this.#line[at] as CreditWaiter)) at += 1
    return at
  }

  /** Leaves the line. */
  unwait(waiter: CreditWaiter): void {
    const at = this.#line.indexOf(waiter)
    if (at < 0) return
    this.#line.splice(at, 1)
    if (at < this.#unserved) this.#unserved -= 1
  }

  /** The writer is gone for good: it leaves the line, and what is left of its shares is the others'. */
  forget(waiter: CreditWaiter): void {
    this.unwait(waiter)
    this.#cutOff.delete(waiter)
    this.#keptCells -= this.#kept.get(waiter) ?? 0
    this.#kept.delete(waiter)
  }

  /** There may be credit again: gives each waiter its share while it lasts. */
  serve(): void {
    // Mostly nobody waits: each write of the link asks, for every hop.
    if (this.#line.length === 0 && this.#cutOff.size === 0) return
    for (let all = this.#all(); all > this.#keptCells;) {
      const free = all - this.#keptCells
      if (this.#unserved === 0) this.#beginRound(free)
      const waiter = this.#line.shift()
      if (waiter === undefined) return
      const owed = this.#share + (this.#cutOff.get(waiter) ?? 0)
      const cells = Math.min(owed, free)
      this.#cutOff.delete(waiter)
      this.#unserved -= 1
      waiter.grant(cells)
      const before = all
      all = this.#all()
      const isBack = this.#line.at(-1) === waiter
      if (!isBack) this.#keep(waiter, cells - (before - all))
      if (owed > cells) {
        if (isBack) this.#line.pop()
        this.#cutOff.set(waiter, owed - cells)
        if (isBack) this.wait(waiter)
      }
    }
  }

  /** What is left of shares that were cut off is owed beside the new ones, to those who are still in line. */
  #beginRound(credit: number): void {
    let debts = 0
    for (const [waiter, left] of this.#cutOff) {
      if (this.#line.includes(waiter)) debts += left
      else this.#cutOff.delete(waiter)
    }
    this.#unserved = this.#line.length
    this.#share = Math.max(1, Math.ceil((credit - debts) / this.#line.length))
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
