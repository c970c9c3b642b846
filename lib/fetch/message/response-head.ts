/**
 * The head of a response: status line and field lines, from bytes that arrive in any pieces (RFC 9112, sections 4 and
 * 5). Strict and bounded; no I/O.
 *
 * The one parser of the registry that runs on plain bytes (`@achingbrain/http-parser-js` 0.5.9) was tried: it takes a
 * chunk size that is no number as the end of the body, so that a truncated body looks complete; it reads `0x10`, `1e3`
 * and an empty text as lengths, prefers chunked when there is a length too, joins folded lines, skips lines that are no
 * fields, takes LF for a line's end, and keeps a chunk extension of any length.
 *
 * @module
 */
import type { ByteCursor } from '../../http/message/byte-cursor.ts'
import { FIELD_TEXT, FieldSection, type Field } from '../../http/message/field-line.ts'
import { HttpError } from '../../http/message/http-error.ts'
import { LineReader } from '../../http/message/line-reader.ts'

/** The most bytes of one head. */
export const MAX_HEAD = 65_536

/** The most field lines of one head. */
export const MAX_FIELDS = 1000

/** A response's head, as it came. */
export interface ResponseHead {
  /** The minor version: 0 for HTTP/1.0; 1 and above count as HTTP/1.1. */
  readonly minor: number
  /** 100 to 999. */
  readonly status: number
  /** The reason phrase; may be empty. */
  readonly reason: string
  /** In the order in which they came. */
  readonly fields: readonly Field[]
  /** All its lines as they came, one character for each byte, with the empty one. */
  readonly raw: string
}

const STATUS_LINE = /^HTTP\/1\.(\d) ([1-9]\d\d)(?: ([^]*))?$/
const START = 'HTTP/1.'

/** Reads one head. */
export class HeadReader {
  readonly #lines = new LineReader(MAX_HEAD, 'the head of the response')
  readonly #fields = new FieldSection('response')
  #raw = ''
  #status: Pick<ResponseHead, 'minor' | 'status' | 'reason'> | undefined

  /**
   * Takes bytes up to the end of the head, and gives it; undefined when it goes on.
   *
   * @throws HttpError `HTTP_MALFORMED`, `HTTP_TOO_LARGE`
   */
  read(input: ByteCursor): ResponseHead | undefined {
    while (input.at < input.bytes.length) {
      const line = this.#lines.read(input)
      if (this.#status === undefined) this.#checkStart(line ?? this.#lines.begun(START.length))
      if (line === undefined) return undefined
      this.#raw += `${line}\r\n`
      if (this.#status === undefined) this.#status = parseStatusLine(line)
      else if (line === '') return { ...this.#status, fields: this.#fields.end(), raw: this.#raw }
      else this.#fields.add(line)
      if (this.#fields.count > MAX_FIELDS)
        throw new HttpError('HTTP_TOO_LARGE', 'the head of the response has too many fields')
    }
    return undefined
  }

  /** What does not begin as HTTP/1 is not waited for. */
  #checkStart(text: string): void {
    if (!text.startsWith(START.slice(0, text.length)))
      throw new HttpError('HTTP_MALFORMED', 'the response is no HTTP/1')
  }
}

function parseStatusLine(line: string): Pick<ResponseHead, 'minor' | 'status' | 'reason'> {
  const match = STATUS_LINE.exec(line)
  if (match === null || !FIELD_TEXT.test(line))
    throw new HttpError('HTTP_MALFORMED', 'the response has no valid status line')
  return { minor: Number(match[1]), status: Number(match[2]), reason: match[3] ?? '' }
}
