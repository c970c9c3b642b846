/**
 * In how many cells bytes came: a stream's window counts cells, and gives one back when its last byte is consumed.
 *
 * @module
 */

/** Turns bytes that were consumed back into the cells that they came in. The deliver window bounds it. */
export class CellLedger {
  /** The cells' lengths, oldest first from `#first` on. */
  readonly #cells: number[] = []
  #first = 0
  /** Bytes of the oldest cell that were consumed already. */
  #consumed = 0

  /** A cell came with this many bytes. */
  add(bytes: number): void {
    this.#cells.push(bytes)
  }

  /**
   * The next `bytes` bytes are consumed. Returns how many cells were finished by that. A cell without bytes is finished
   * with those before it.
   */
  consume(bytes: number): number {
    this.#consumed += bytes
    const first = this.#first
    let next = first
    while (next < this.#cells.length && (this.#cells[next] as number) <= this.#consumed) {
      this.#consumed -= this.#cells[next] as number
      next += 1
    }
    if (next === this.#cells.length) {
      this.#cells.length = 0
      this.#first = 0
    } else if (next > 1024) {
      this.#cells.splice(0, next)
      this.#first = 0
    } else {
      this.#first = next
    }
    return next - first
  }
}
