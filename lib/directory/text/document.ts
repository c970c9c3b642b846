/**
 * The meta-format of directory documents (dir-spec section 1.2): items of a keyword line and perhaps an object, one
 * after the other, read strictly and without a copy of the text. What the items mean is said elsewhere.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { decodeBase64 } from './encoding.ts'

/** At the beginning of a line. */
const KEYWORD = /[A-Za-z0-9][A-Za-z0-9-]*(?=[ \t\n])/y
const BEGIN = /^-----BEGIN ([A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*)-----$/
const OBJECT_LINE = /^[A-Za-z0-9+/]+={0,2}$/

const TAB = 9
const NEWLINE = 10
const SPACE = 32
const HYPHEN = 45

/**
 * The longest line, the longest object, and the most empty lines in a row, in characters. A relay's whole descriptor
 * has at most 20,000, and the lists of a consensus a few thousand.
 */
export const MAX_STRETCH = 65_536

/** The most arguments of a list. */
export const MAX_LIST = 1000

/** What an item costs beside its characters, in characters. */
const ITEM_COST = 16

/**
 * Reads the items of a document one after the other. What does not follow the meta-format is a TorError
 * `DIRECTORY_MALFORMED` as soon as it is reached; so is what is longer than anything there is, so that no call takes
 * long.
 *
 * The strings that it gives are pieces of the text: see `ownText` for what is to outlive it.
 */
export class DocumentReader {
  readonly #what: string
  readonly #pieces: Iterator<string, undefined> | undefined
  /** The piece that is being read, and what was ahead of it. */
  #text = ''
  #base = 0
  #keyword = ''
  #start = 0
  // Where what follows the keyword begins, and where its line ends.
  #restStart = 0
  #lineEnd = 0
  #end = 0
  #work = 0
  // The name of this item's object, and where its base64 lines are; undefined without one.
  #objectName: string | undefined
  #objectStart = 0
  #objectEnd = 0

  /**
   * @param text - the document, or pieces of it between which there may be a cut, each asked for when it is to be read
   * @param what - what it claims to be, for messages to people: `consensus`
   */
  constructor(text: string | Iterator<string, undefined>, what: string) {
    this.#what = what
    if (typeof text === 'string') this.#begin(text)
    else {
      this.#pieces = text
      this.#begin(this.#nextPiece() ?? '')
    }
  }

  /** The keyword of this item; empty at the end. */
  get keyword(): string {
    return this.#keyword
  }

  /** What follows the keyword and the space behind it, as it stands; perhaps nothing. */
  get rest(): string {
    return this.#text.slice(this.#restStart, this.#lineEnd)
  }

  /** Where the arguments of this item are in the text, or in its piece, without the blanks around them. */
  get argumentsSpan(): { readonly start: number; readonly end: number } {
    let start = this.#restStart
    let end = this.#lineEnd
    while (start < end && isBlank(this.#text.charCodeAt(start))) start++
    while (start < end && isBlank(this.#text.charCodeAt(end - 1))) end--
    return { start, end }
  }

  /** True when a space follows the keyword of this item. */
  get isSpaced(): boolean {
    return this.#text.charCodeAt(this.#restStart - 1) === SPACE
  }

  /** Where this item begins in the document. */
  get start(): number {
    return this.#base + this.#start
  }

  /** Where the next item would begin in the document. */
  get end(): number {
    return this.#base + this.#end
  }

  /** What was read since this was asked for last, in the unit of `READ_A_SLICE`. */
  takeWork(): number {
    const work = this.#work
    this.#work = 0
    return work
  }

  /** True when this item has this keyword. */
  is(keyword: string): boolean {
    return this.#keyword === keyword
  }

  /** True when the next item was read; false at the end of the document. */
  next(): boolean {
    const text = this.#text
    let start = this.#end
    const most = start + MAX_STRETCH
    while (text.charCodeAt(start) === NEWLINE) if (start++ === most) this.fail('it has too many empty lines')
    this.#start = start
    this.#objectName = undefined
    const begin = this.#end
    if (start === text.length) {
      this.#work += start - begin
      const piece = this.#nextPiece()
      if (piece !== undefined) {
        this.#base += text.length
        this.#end = 0
        this.#begin(piece)
        return this.next()
      }
      this.#end = this.#restStart = this.#lineEnd = start
      this.#keyword = ''
      return false
    }
    const end = this.#lineEndFrom(start)
    KEYWORD.lastIndex = start
    if (!KEYWORD.test(text)) this.fail('a line in it begins with no keyword')
    this.#keyword = text.slice(start, KEYWORD.lastIndex)
    this.#restStart = Math.min(KEYWORD.lastIndex + 1, end)
    this.#lineEnd = end
    this.#end = end + 1
    if (text.charCodeAt(this.#end) === HYPHEN) this.#readObject()
    this.#work += this.#end - begin + ITEM_COST
    return true
  }

  /**
   * The first arguments of this item, at least `least` and at most `most`; further ones are for future versions of the
   * format, and not looked at.
   */
  words(least: number, most: number = least): string[] {
    const words = this.#split(most)
    if (words.length < least) this.fail(`"${this.#keyword}" has too few arguments`)
    return words
  }

  /** All arguments of this item, which is a list. */
  list(): string[] {
    const words = this.#split(MAX_LIST + 1)
    if (words.length > MAX_LIST) this.fail(`"${this.#keyword}" has too many arguments`)
    return words
  }

  /** The bytes of this item's object, which must have one of these names. */
  object(...names: string[]): Uint8Array<ArrayBuffer> {
    if (this.#objectName === undefined || !names.includes(this.#objectName))
      this.fail(`"${this.#keyword}" has no ${names[0]}`)
    const bytes = decodeBase64(this.#text.slice(this.#objectStart, this.#objectEnd).replaceAll('\n', ''))
    return bytes ?? this.fail(`the ${names[0]} of "${this.#keyword}" is not base64`)
  }

  /** Throws the `DIRECTORY_MALFORMED` for this document. */
  fail(problem: string, cause?: unknown): never {
    throw new TorError(
      'DIRECTORY_MALFORMED',
      `Malformed ${this.#what}: ${problem}`,
      cause === undefined ? {} : { cause },
    )
  }

  #nextPiece(): string | undefined {
    try {
      return this.#pieces?.next().value
    } catch (error) {
      return this.fail('it is no UTF-8', error)
    }
  }

  #begin(text: string): void {
    if (text.includes('\0')) this.fail('it has a zero byte in it')
    if (!text.endsWith('\n')) this.fail('it ends within a line')
    this.#text = text
  }

  #split(most: number): string[] {
    const { start, end } = this.argumentsSpan
    if (start === end) return []
    const text = this.#text.slice(start, end)
    // Single spaces, as nearly all items have, are quicker to split at.
    return text.includes('\t') || text.includes('  ') ? text.split(/[ \t]+/, most) : text.split(' ', most)
  }

  /** Where the line that begins at `start` ends. */
  #lineEndFrom(start: number): number {
    const end = this.#text.indexOf('\n', start)
    // The text ends with a newline, so only its very end has none.
    if (end === -1) return this.fail('an object in it does not end')
    if (end - start > MAX_STRETCH) return this.fail('a line in it is too long')
    return end
  }

  #line(start: number): string {
    return this.#text.slice(start, this.#lineEndFrom(start))
  }

  /** Reads the object that begins at `end`. Each of its lines is looked at, so that nothing can hide within one. */
  #readObject(): void {
    const first = this.#line(this.#end)
    const name = BEGIN.exec(first)?.[1]
    if (name === undefined) return this.fail('an object in it has no proper first line')
    const last = `-----END ${name}-----`
    let at = this.#end + first.length + 1
    this.#objectName = name
    this.#objectStart = at
    for (;;) {
      const line = this.#line(at)
      this.#objectEnd = at
      at += line.length + 1
      if (line === last) break
      if (at - this.#objectStart > MAX_STRETCH) this.fail('an object in it is too long')
      if (!OBJECT_LINE.test(line)) this.fail('an object in it is not base64')
    }
    this.#end = at
  }
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB
