/**
 * What a screen is made of: lines of pieces, each in a style. Which colours those are, if any, is the painter's to know.
 *
 * @module
 */

/** What a piece is, for whoever colours it. */
export type Style = 'plain' | 'title' | 'soft' | 'good' | 'warning'

/** A piece of a line. */
export interface Piece {
  readonly text: string
  readonly style: Style
}

/** One line of a screen. */
export type Line = readonly Piece[]

/** A piece, of what terminals show in one column each: whatever is no printable ASCII could be an order to the terminal. */
export const piece = (text: string, style: Style = 'plain'): Piece => ({
  text: text.replaceAll(/[^\x20-\x7e]/gu, '?'),
  style,
})

/** How many columns a line takes. */
export const widthOf = (line: Line): number => line.reduce((width, { text }) => width + text.length, 0)

/** The line in no more columns than that; what is cut ends in `~`. */
export function cut(line: Line, columns: number): Line {
  if (widthOf(line) <= columns) return line
  const kept: Piece[] = []
  let left = Math.max(0, columns - 1)
  for (const { text, style } of line) {
    if (left === 0) break
    kept.push({ text: text.slice(0, left), style })
    left -= Math.min(left, text.length)
  }
  return columns > 0 ? [...kept, { text: '~', style: 'soft' }] : []
}

/** Two ends of one line, as far apart as it is wide; without room for both the left one alone. */
export function spread(left: Line, right: Line, columns: number): Line {
  const gap = columns - widthOf(left) - widthOf(right)
  return gap < 1 ? cut(left, columns) : [...left, piece(' '.repeat(gap)), ...right]
}

/** A text in exactly so many columns; what is cut ends in `~`. */
export function column(text: string, columns: number, at: 'left' | 'right' = 'left'): string {
  if (text.length > columns) return columns > 0 ? `${text.slice(0, columns - 1)}~` : ''
  return at === 'left' ? text.padEnd(columns) : text.padStart(columns)
}

/** A text broken between words into lines of no more than so many columns, at least 1; a longer word is broken. */
export function wrap(text: string, width: number): string[] {
  const columns = Math.max(1, width)
  const lines: string[] = []
  let line = ''
  for (let word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length <= columns) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    for (; word.length > columns; word = word.slice(columns)) lines.push(word.slice(0, columns))
    line = word
  }
  if (line !== '') lines.push(line)
  return lines
}
