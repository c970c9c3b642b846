/**
 * Lines out of bytes that arrive in any pieces: each ends with CR LF. A CR or an LF alone is an error, although RFC
 * 9112, section 2.2 lets a recipient be lenient with LF: two readers that disagree about where a line ends is how
 * messages are smuggled.
 *
 * Each byte is looked at once, however small the pieces are.
 *
 * @module
 */
import { ByteCollector } from '../../base/bytes/byte-collector.ts'
import type { ByteCursor } from './byte-cursor.ts'
import { HttpError } from './http-error.ts'
import { decodeLatin1 } from './latin1.ts'

const LF = 10
const CR = 13

/** Reads lines within a budget of bytes. */
export class LineReader {
  readonly #what: string
  #left: number
  /** What has come of a line that is not complete. */
  #begun: ByteCollector | undefined

  /**
   * @param limit - the most bytes of all lines until the next {@link allow}, their CR LF included
   * @param what - how an error calls what is read
   */
  constructor(limit: number, what: string) {
    this.#left = limit
    this.#what = what
  }

  /** What has come of a line that is not complete: its first `limit` bytes at most. */
  begun(limit: number): string {
    return this.#begun === undefined ? '' : decodeLatin1(this.#begun.bytes.subarray(0, limit))
  }

  /** Bytes that may still come. */
  get left(): number {
    return this.#left
  }

  /** Gives a new budget, in bytes. */
  allow(limit: number): void {
    this.#left = limit
  }

  /**
   * Takes the rest of a line, and gives the line without its CR LF; undefined when it goes on. What is wrong is said as
   * soon as it is seen.
   *
   * @throws HttpError `HTTP_TOO_LARGE`, or `HTTP_MALFORMED` for a NUL and for a CR or LF alone
   */
  read(input: ByteCursor): string | undefined {
    const lf = input.bytes.indexOf(LF, input.at)
    const end = lf < 0 ? input.bytes.length : lf
    const next = lf < 0 ? end : end + 1
    this.#left -= next - input.at
    if (this.#left < 0) throw new HttpError('HTTP_TOO_LARGE', `${this.#what} is too long`)
    const piece = input.bytes.subarray(input.at, end)
    input.at = next
    const cr = piece.indexOf(CR)
    const isAfterCr = this.#begun?.bytes.at(-1) === CR
    if ((cr >= 0 && cr < piece.length - 1) || (piece.length > 0 && isAfterCr)) {
      throw new HttpError('HTTP_MALFORMED', `${this.#what} has a CR without LF`)
    }
    if (piece.indexOf(0) >= 0) throw new HttpError('HTTP_MALFORMED', `${this.#what} has a NUL`)
    if (lf < 0) {
      if (piece.length > 0) (this.#begun ??= new ByteCollector()).add(piece)
      return undefined
    }
    if (cr < 0 && !isAfterCr) throw new HttpError('HTTP_MALFORMED', `${this.#what} has an LF without CR`)
    if (this.#begun === undefined) return decodeLatin1(piece.subarray(0, -1))
    this.#begun.add(piece)
    const line = decodeLatin1(this.#begun.bytes.subarray(0, -1))
    this.#begun = undefined
    return line
  }
}
