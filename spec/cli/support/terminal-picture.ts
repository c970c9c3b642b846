/**
 * What a terminal shows after what was written to it. It knows the orders that a painter may use, and fails on any
 * other: what is written must be for every terminal.
 *
 * @module
 */

const ORDER = /\x1b\[(\??)([\d;]*)([A-Za-z])/y

export class TerminalPicture {
  /** On the screen of its own. */
  isOther = false
  isCursorShown = true
  /** Orders for attributes that were seen: colours, bold and the like. */
  readonly attributes = new Set<string>()
  #columns: number
  #rows: number
  #cells: string[][] = []
  #row = 0
  #column = 0
  #rest = ''
  /** What sets a size sets rows and columns one after the other: meanwhile it is neither the one nor the other. */
  #wasResized = false
  #next: readonly [columns: number, rows: number] | undefined

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
    this.#clear()
  }

  /** The lines, without the spaces at their ends. */
  get lines(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd())
  }

  /** The terminal has another size from when its program clears it: what is on its way is for the one before. */
  resize(columns: number, rows: number): void {
    this.#next = [columns, rows]
    this.#wasResized = true
  }

  write(data: string): void {
    const text = this.#rest + data
    this.#rest = ''
    for (let at = 0; at < text.length;) {
      if (text[at] !== '\x1b') {
        this.#put(text[at] as string)
        at += 1
        continue
      }
      ORDER.lastIndex = at
      const [order, mark, numbers = '', letter = ''] = ORDER.exec(text) ?? []
      if (order === undefined) {
        // The rest of it comes with the next write.
        if (text.length - at < 12) this.#rest = text.slice(at)
        else throw new Error(`no order that every terminal knows: ${JSON.stringify(text.slice(at, at + 12))}`)
        return
      }
      this.#obey(`${mark}${letter}`, numbers)
      at += order.length
    }
  }

  #obey(order: string, numbers: string): void {
    const [first = 0, second = 0] = numbers.split(';').map(Number)
    if (order === 'H') {
      this.#row = Math.max(1, first) - 1
      this.#column = Math.max(1, second) - 1
    } else if (order === 'K') this.#cells[this.#row]?.fill(' ', this.#column)
    else if (order === 'J' && first === 2) this.#clear()
    else if (order === 'm') this.attributes.add(numbers)
    else if (order === '?h' && first === 1049) this.#switch(true)
    else if (order === '?l' && first === 1049) this.#switch(false)
    else if (order === '?h' && first === 25) this.isCursorShown = true
    else if (order === '?l' && first === 25) this.isCursorShown = false
    else throw new Error(`an order that nobody knows: ${order} ${numbers}`)
  }

  #switch(isOther: boolean): void {
    this.isOther = isOther
    this.#clear()
    this.#row = this.#column = 0
  }

  /** What is written on the shell's own screen goes by. */
  #put(character: string): void {
    if (!this.isOther) return
    if (character === '\r') this.#column = 0
    else if (character === '\n') this.#row = Math.min(this.#rows - 1, this.#row + 1)
    else {
      if (this.#column >= this.#columns && this.#wasResized) return
      if (this.#column >= this.#columns) throw new Error(`more than ${this.#columns} columns in row ${this.#row + 1}`)
      const row = this.#cells[this.#row]
      if (row === undefined && this.#wasResized) return
      if (row === undefined) throw new Error(`no row ${this.#row + 1}`)
      row[this.#column++] = character
    }
  }

  #clear(): void {
    if (this.#next !== undefined) [this.#columns, this.#rows] = this.#next
    this.#next = undefined
    this.#cells = Array.from({ length: this.#rows }, () => Array.from({ length: this.#columns }, () => ' '))
  }
}
