/**
 * The field lines of a head or a trailer section (RFC 9112, section 5).
 *
 * @module
 */
import { HttpError, type MessageKind } from './http-error.ts'

/** A field: its name in lower case, and its value without the space around it, one code point a byte. */
export type Field = readonly [name: string, value: string]

/** A token (RFC 9110, section 5.6.2): a field's name, a method. */
export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** What a value or a reason phrase consists of: no control character but the tabulator. */
export const FIELD_TEXT: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Reads the field lines of one section. Space before a colon is refused: it is read differently by different
 * recipients.
 */
export class FieldSection {
  readonly #of: MessageKind
  readonly #fields: Field[] = []
  /** The lines of the last field's value, which the next line may continue. */
  #last: { readonly name: string; readonly lines: string[] } | undefined

  constructor(of: MessageKind) {
    this.#of = of
  }

  /** How many fields there are. */
  get count(): number {
    return this.#fields.length + Number(this.#last !== undefined)
  }

  /**
   * Takes a line. One that begins with white space continues the field before it (obs-fold): a user agent replaces the
   * break by a space, and a server refuses it (RFC 9112, section 5.2).
   *
   * @throws HttpError `HTTP_MALFORMED`, also for a first line that begins with white space (section 2.2)
   */
  add(line: string): void {
    if (!FIELD_TEXT.test(line))
      throw new HttpError('HTTP_MALFORMED', `a field of the ${this.#of} has a control character`)
    if (this.#of === 'response' && this.#last !== undefined && isSpace(line.charCodeAt(0)))
      return void this.#last.lines.push(trim(line))
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!TOKEN.test(name)) throw new HttpError('HTTP_MALFORMED', `a field line of the ${this.#of} has no valid name`)
    this.#complete()
    this.#last = { name: name.toLowerCase(), lines: [trim(line.slice(colon + 1))] }
  }

  /** The section is complete: its fields, in their order. */
  end(): readonly Field[] {
    this.#complete()
    return this.#fields
  }

  #complete(): void {
    if (this.#last !== undefined) this.#fields.push([this.#last.name, trim(this.#last.lines.join(' '))])
    this.#last = undefined
  }
}

/** Without spaces and tabulators at both ends. (A regular expression would take quadratic time on a hostile line.) */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * The members of a comma-separated field, over all its lines, in lower case and without empty ones (RFC 9110, section
 * 5.6.1).
 */
export function listOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.split(','))
    .map((member) => trim(member).toLowerCase())
    .filter((member) => member !== '')
}

/** The values of each line of a field. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field[0] === name).map((field) => field[1])
}
