/**
 * The table of the README that says which clients work, made of what a run has seen.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'

const README = join(ROOT, 'README.md')
const BEGIN = '<!-- clients: begin -->'
const END = '<!-- clients: end -->'
const HEAD = ['| client | how it is plugged in | `http:` | `https:` | note |', '|---|---|---|---|---|']

/** A row of the table. */
export interface ClientRow {
  readonly name: string
  readonly how: string
  readonly note: string
  /** What was seen to work for each protocol; undefined when not all of it was tried here, and worked. */
  seen: Readonly<Record<'http:' | 'https:', readonly string[]>> | undefined
}

/** The README, cut where the table begins and where it ends. */
function parts(): readonly [before: string, table: string, after: string] {
  const text = readFileSync(README, 'utf8')
  const begin = text.indexOf(BEGIN) + BEGIN.length
  const end = text.indexOf(END)
  if (begin < BEGIN.length || end < begin)
    throw new Error(`README.md has no place for the table of clients: ${BEGIN} and ${END}`)
  return [text.slice(0, begin), text.slice(begin, end).trim(), text.slice(end)]
}

/** The table in the README, as it is. */
export function writtenTable(): string {
  return parts()[1]
}

/** The table as it should be: a client that was not seen keeps the row that it has. */
export function tableOf(rows: readonly ClientRow[], written: string): string {
  const lines = written.split('\n')
  const lineOf = ({ name, how, note, seen }: ClientRow): string => {
    const cell = (protocol: 'http:' | 'https:'): string => {
      if (seen === undefined) return 'not run'
      return seen[protocol].length === 0 ? 'no' : seen[protocol].join(', ')
    }
    const kept = seen === undefined ? lines.find((line) => line.startsWith(`| ${name} |`)) : undefined
    return kept ?? `| ${[name, how, cell('http:'), cell('https:'), note].join(' | ')} |`
  }
  return [...HEAD, ...rows.map(lineOf)].join('\n')
}

/** Puts the table into the README. */
export function writeTable(table: string): void {
  const [before, , after] = parts()
  writeFileSync(README, `${before}\n${table}\n${after}`)
}
