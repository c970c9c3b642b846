/**
 * Whose turn it is to send DATA on a circuit: streams that have something to send stand in line and share the credit
 * evenly (C tor does so too: `ceil(credit / waiting)` cells each).
 *
 * @module
 */

/** Who stands in line. */
export interface Sender {
  /** It may send up to `cells` cells now. Returns how many it sent. */
  grant(cells: number): number
  /** True while it wants another turn and could use it. */
  readonly wantsTurn: boolean
}

/** The line of one circuit. */
export class FairSender {
  readonly #credit: () => number
  readonly #waiting = new Set<Sender>()
  #running = false

  /** @param credit how many cells the circuit and the link take now; asked before each turn */
  constructor(credit: () => number) {
    this.#credit = credit
  }

  /** Puts a sender at the end of the line and goes on. One that stands in it already keeps its place. */
  add(sender: Sender): void {
    this.#waiting.add(sender)
    this.run()
  }

  /** Gives turns while there is credit and somebody can use it. */
  run(): void {
    // A turn may end in `add`, which is for the loop that gave it.
    if (this.#running) return
    this.#running = true
    for (;;) {
      const sender = this.#next()
      const credit = this.#credit()
      if (sender === undefined || credit <= 0) break
      this.#waiting.delete(sender)
      sender.grant(Math.ceil(credit / (this.#waiting.size + 1)))
      if (sender.wantsTurn) this.#waiting.add(sender)
    }
    this.#running = false
  }

  /** The first who can use a turn. Who cannot leaves the line: a SENDME of its own puts it there again. */
  #next(): Sender | undefined {
    for (const sender of this.#waiting) {
      if (sender.wantsTurn) return sender
      this.#waiting.delete(sender)
    }
    return undefined
  }
}
