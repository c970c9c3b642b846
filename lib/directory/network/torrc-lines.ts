/**
 * The lines of a torrc, as tor itself takes them apart (C tor's src/lib/encoding/confline.c and torrc_format.txt): an
 * option's name, its value in quotes or not, comments, and values that go on in the next line.
 *
 * @module
 */

/** One option. */
export interface TorrcLine {
  /** As it is written. */
  readonly keyword: string
  /** Empty when there is none. */
  readonly value: string
  /** The number of the line that it begins in, from 1. */
  readonly line: number
}

const SPACE = /[ \t\n\r\f\v]/
const ESCAPE = /\\(?:[xX]([\da-fA-F]{2})|([0-7]{1,3})|([nrt"'\\]))/y
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads a torrc.
 *
 * @param fail - throws for what tor takes for none
 */
export function readTorrcLines(text: string, fail: (line: number, why: string) => never): TorrcLine[] {
  const source = text.replaceAll('\r\n', '\n')
  const lines: TorrcLine[] = []
  let at = 0
  let line = 1
  const isBreak = (): boolean => source[at] === '\\' && source[at + 1] === '\n'
  const skipWhile = (holds: (char: string) => boolean): void => {
    for (; at < source.length && holds(source[at] as string); at++) if (source[at] === '\n') line += 1
  }
  const skipComment = (): void => skipWhile((char) => char !== '\n')

  for (;;) {
    skipWhile((char) => SPACE.test(char))
    if (at === source.length) return lines
    if (source[at] === '#') {
      skipComment()
      continue
    }
    const begun = line
    const start = at
    skipWhile((char) => !SPACE.test(char) && char !== '#' && !isBreak())
    const keyword = source.slice(start, at)
    skipWhile((char) => char === ' ' || char === '\t')
    const value = source[at] === '"' ? quotedValue() : plainValue()
    lines.push({ keyword, value, line: begun })
  }

  /** Goes on in the next line after a `\`; from then on a comment ends with its line, and the value does not. */
  function plainValue(): string {
    let value = ''
    let goesOn = false
    while (at < source.length && source[at] !== '\n' && (source[at] !== '#' || goesOn)) {
      const from = at
      if (isBreak()) {
        goesOn = true
        at += 2
        line += 1
      } else if (source[at] === '#') {
        skipComment()
        if (at < source.length) at += 1
        line += 1
      } else {
        skipWhile((char) => char !== '\n' && char !== '#' && !isBreak())
        value += source.slice(from, at)
      }
    }
    return value.trimEnd()
  }

  /** In C's quotes. Only a comment may follow in the same line. */
  function quotedValue(): string {
    const begun = line
    let value = ''
    at += 1
    while (source[at] !== '"') {
      const from = at
      if (at === source.length) return fail(begun, 'its quotes do not end')
      ESCAPE.lastIndex = at
      const escape = ESCAPE.exec(source)
      if (escape !== null) {
        const [whole, hex, octal, letter] = escape
        const code = hex === undefined ? parseInt(octal ?? '', 8) : parseInt(hex, 16)
        value += letter === undefined ? String.fromCharCode(code) : (LETTERS[letter] ?? letter)
        at += whole.length
      } else if (source[at] === '\\') return fail(begun, 'its quotes have an escape that is none')
      else {
        skipWhile((char) => char !== '"' && char !== '\\')
        value += source.slice(from, at)
      }
    }
    at += 1
    skipWhile((char) => char === ' ' || char === '\t')
    if (at < source.length && source[at] !== '#' && source[at] !== '\n') fail(begun, 'something follows its quotes')
    return value
  }
}
