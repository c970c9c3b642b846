/**
 * The chunked transfer coding (RFC 9112, section 7.1). Chunk extensions are ignored and trailer fields are dropped;
 * both are bounded. No I/O.
 *
 * @module
 */
import type { BodyDecoder } from './body-decoder.ts'
import { takeUpTo, type ByteCursor } from '../message/byte-cursor.ts'
import { FieldSection } from '../message/field-line.ts'
import { HttpError, type MessageKind } from '../message/http-error.ts'
import { LineReader } from '../message/line-reader.ts'

/** The most bytes of a line with a chunk's size and extensions. */
export const MAX_CHUNK_LINE = 4096

/** The most bytes of the trailer section. */
export const MAX_TRAILERS = 16_384

/**
 * Behind any zeros thirteen digits are 2^52 - 1 at most. White space before an extension is taken away (BWS, RFC 9110,
 * section 5.6.3); the extension is text without control characters.
 */
const CHUNK_LINE = /^0*([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/
const CR_LF = [13, 10] as const

/**
 * What comes next:
 * - `size`: a line with the size of a chunk
 * - `data`: bytes of a chunk
 * - `gap`: the CR LF after them
 * - `trailers`: field lines up to an empty one
 * - `done`
 */
type ChunkedState = 'size' | 'data' | 'gap' | 'trailers' | 'done'

/** Takes a chunked body out of what arrives. */
export class ChunkedDecoder implements BodyDecoder {
  #state: ChunkedState = 'size'
  readonly #of: MessageKind
  readonly #lines: LineReader
  readonly #trailers: FieldSection
  /** Bytes of this chunk that are to come. */
  #left = 0
  /** Bytes of the CR LF after it that came. */
  #gap = 0

  constructor(of: MessageKind) {
    this.#of = of
    this.#lines = new LineReader(MAX_CHUNK_LINE, `a chunk line or trailer of the ${of}`)
    this.#trailers = new FieldSection(of)
  }

  /** The last chunk and the trailers came. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** See {@link BodyDecoder}. */
  take(input: ByteCursor): Uint8Array | undefined {
    while (input.at < input.bytes.length) {
      switch (this.#state) {
        case 'size':
          this.#takeSize(input)
          break
        case 'data': {
          const piece = takeUpTo(input, this.#left)
          this.#left -= piece?.length ?? 0
          if (this.#left === 0) this.#state = 'gap'
          return piece
        }
        case 'gap':
          this.#takeGap(input)
          break
        case 'trailers':
          this.#takeTrailer(input)
          break
        case 'done':
          return undefined
      }
    }
    return undefined
  }

  /** See {@link BodyDecoder}. */
  end(): void {
    if (!this.done)
      throw new HttpError('HTTP_TRUNCATED', `the body of the ${this.#of} was cut short: its last chunk is missing`)
  }

  #takeSize(input: ByteCursor): void {
    const line = this.#lines.read(input)
    if (line === undefined) return
    const digits = CHUNK_LINE.exec(line)?.[1]
    if (digits === undefined) throw new HttpError('HTTP_MALFORMED', `a chunk of the ${this.#of} has no valid size`)
    this.#left = Number.parseInt(digits, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'data'
    this.#lines.allow(this.#left === 0 ? MAX_TRAILERS : MAX_CHUNK_LINE)
  }

  #takeGap(input: ByteCursor): void {
    if (input.bytes[input.at] !== CR_LF[this.#gap])
      throw new HttpError('HTTP_MALFORMED', `a chunk of the ${this.#of} is longer than its size`)
    input.at++
    this.#gap++
    if (this.#gap < CR_LF.length) return
    this.#gap = 0
    this.#state = 'size'
  }

  #takeTrailer(input: ByteCursor): void {
    const line = this.#lines.read(input)
    if (line === '') this.#state = 'done'
    else if (line !== undefined) this.#trailers.add(line)
  }
}
