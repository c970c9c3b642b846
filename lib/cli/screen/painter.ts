/**
 * Lines onto a terminal, by as few orders as every terminal of the last forty years knows (ECMA-48): the cursor to a
 * place, clear the rest of a line, the screen, the attributes. What has not changed is not written again.
 *
 * @module
 */
import type { Line, Style } from './line.ts'
import type { Size } from './screen-lines.ts'

const ESC = '\x1b['

/** Another screen than the one that the shell is on, and no cursor; and back. */
const ENTER = `${ESC}?1049h${ESC}?25l`
const LEAVE = `${ESC}?25h${ESC}?1049l`

/** Of 16 colours, which each terminal has its own of, so that they are seen on any background. */
const COLOURS: Readonly<Record<Style, string>> = {
  plain: '',
  title: `${ESC}1m`,
  soft: `${ESC}2m`,
  good: `${ESC}32m`,
  warning: `${ESC}33m`,
}
const RESET = `${ESC}0m`

export class Painter {
  readonly #isColoured: boolean
  #shown: string[] = []
  #size: Size = { columns: 0, rows: 0 }

  /** @param isColoured - false for text alone, as `NO_COLOR` asks for */
  constructor(isColoured: boolean) {
    this.#isColoured = isColoured
  }

  /** Begins on a screen of its own. */
  enter(): string {
    this.#shown = []
    this.#size = { columns: 0, rows: 0 }
    return ENTER
  }

  /** Goes back to what the terminal showed before. */
  leave(): string {
    return LEAVE
  }

  /** What makes the terminal show these lines in place of those before. */
  paint(lines: readonly Line[], size: Size): string {
    const isNew = size.columns !== this.#size.columns || size.rows !== this.#size.rows
    const drawn = lines.map((line) => this.#draw(line))
    let text = isNew ? `${ESC}2J` : ''
    for (const [row, line] of drawn.entries()) {
      if (isNew ? line !== '' : line !== (this.#shown[row] ?? '')) text += `${ESC}${row + 1};1H${ESC}K${line}`
    }
    this.#shown = drawn
    this.#size = size
    return text
  }

  #draw(line: Line): string {
    return line
      .map(({ text, style }) => {
        const colour = this.#isColoured && text !== '' ? COLOURS[style] : ''
        return colour === '' ? text : `${colour}${text}${RESET}`
      })
      .join('')
  }
}
