/**
 * The head of an HTTP/1 request (RFC 9112, sections 3 and 5): request line and field lines, from bytes that arrive in any
 * pieces. Strict and bounded; no I/O. What may be read in two ways is refused: folded lines, lines that end without CR,
 * space before a colon, more than one space in the request line.
 *
 * @module
 */
import type { ByteCursor } from './byte-cursor.ts'
import { FieldSection, type Field } from './field-line.ts'
import { HttpError } from './http-error.ts'
import { LineReader } from './line-reader.ts'

/** The most field lines of one head. */
export const MAX_REQUEST_FIELDS = 200

/** The head of a request. */
export interface RequestHead {
  /** As sent: methods have a case. */
  readonly method: string
  /** As sent. */
  readonly target: string
  /** The minor version of HTTP: 0 or 1. */
  readonly minor: 0 | 1
  /** In the order in which they came. */
  readonly fields: readonly Field[]
  /** The name of each of them as it was sent. */
  readonly names: readonly string[]
}

type RequestLine = Pick<RequestHead, 'method' | 'target' | 'minor'>

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/

/** Reads one head. */
export class RequestHeadReader {
  readonly #lines: LineReader
  readonly #fields = new FieldSection('request')
  readonly #names: string[] = []
  #line: RequestLine | undefined

  /** @param limit - the most bytes of a head, its empty line included */
  constructor(limit: number) {
    this.#lines = new LineReader(limit, 'the head of the request')
  }

  /**
   * Takes bytes up to the end of the head, and gives it; undefined when it goes on. What is wrong is said as soon as it is
   * seen.
   *
   * @throws HttpError `HTTP_MALFORMED`, `HTTP_TOO_LARGE`
   */
  read(input: ByteCursor): RequestHead | undefined {
    while (input.at < input.bytes.length) {
      const line = this.#lines.read(input)
      if (line === undefined) break
      if (this.#line === undefined) this.#line = parseRequestLine(line)
      else if (line === '') return { ...this.#line, fields: this.#fields.end(), names: this.#names }
      else this.#add(line)
    }
    if (this.#lines.left === 0) throw new HttpError('HTTP_TOO_LARGE', 'the head of the request is too long')
    return undefined
  }

  #add(line: string): void {
    this.#fields.add(line)
    this.#names.push(line.slice(0, line.indexOf(':')))
    if (this.#names.length > MAX_REQUEST_FIELDS)
      throw new HttpError('HTTP_TOO_LARGE', 'the head of the request has too many fields')
  }
}

function parseRequestLine(line: string): RequestLine {
  const match = REQUEST_LINE.exec(line)
  if (match === null) throw new HttpError('HTTP_MALFORMED', 'the request has no valid request line')
  const [, method = '', target = '', minor] = match
  return { method, target, minor: minor === '0' ? 0 : 1 }
}
