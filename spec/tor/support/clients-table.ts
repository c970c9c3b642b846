/**
 * The tables of the README that say which clients work, made of what a run has seen.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'

const README = join(ROOT, 'README.md')

/** A row of a table. */
export interface ClientRow {
  readonly name: string
  readonly how: string
  readonly note: string
  /** What was seen to work, by column; undefined when not all of it was tried here, and worked. */
  seen: Readonly<Record<string, readonly string[]>> | undefined
}

/** A table of the README, between a mark where it begins and one where it ends. */
export class ClientsTable {
  readonly #begin: string
  readonly #end: string
  readonly #columns: readonly string[]

  /**
   * @param mark - what its marks call it
   * @param columns - what may have been seen, in Markdown
   */
  constructor(mark: string, columns: readonly string[]) {
    this.#begin = `<!-- ${mark}: begin -->`
    this.#end = `<!-- ${mark}: end -->`
    this.#columns = columns
  }

  /** The table in the README, as it is. */
  written(): string {
    return this.#parts()[1]
  }

  /** The table as it should be: a client that was not seen keeps the row that it has. */
  of(rows: readonly ClientRow[]): string {
    const lines = this.written().split('\n')
    const lineOf = ({ name, how, note, seen }: ClientRow): string => {
      const cells = this.#columns.map((column) => {
        if (seen === undefined) return 'not run'
        const verbs = seen[column] ?? []
        return verbs.length === 0 ? 'no' : verbs.join(', ')
      })
      const kept = seen === undefined ? lines.find((line) => line.startsWith(`| ${name} |`)) : undefined
      return kept ?? row([name, how, ...cells, note])
    }
    const head = ['client', 'how it is plugged in', ...this.#columns, 'note']
    return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(lineOf)].join('\n')
  }

  /** Puts the table into the README. */
  write(table: string): void {
    const [before, , after] = this.#parts()
    writeFileSync(README, `${before}\n${table}\n${after}`)
  }

  /** The README, cut where the table begins and where it ends. */
  #parts(): readonly [before: string, table: string, after: string] {
    const text = readFileSync(README, 'utf8')
    const begin = text.indexOf(this.#begin) + this.#begin.length
    const end = text.indexOf(this.#end)
    if (begin < this.#begin.length || end < begin)
      throw new Error(`README.md has no place for a table of clients: ${this.#begin} and ${this.#end}`)
    return [text.slice(0, begin), text.slice(begin, end).trim(), text.slice(end)]
  }
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
