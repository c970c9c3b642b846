/**
 * The body of an answer that holds a document, bounded before and after decompression, and taken in slices: other tasks have
 * their turn, however much a few bytes decompress to.
 *
 * @module
 */
import { SocketError, TorError } from '../../../base/errors.ts'
import { type SliceOptions, Slices } from '../../../base/waiting/slices.ts'

/** How much is decompressed before other tasks have their turn, in bytes: a few ms. */
const DECOMPRESSED_A_SLICE = 262_144

/**
 * How many bytes are given to the decompression at a time. In some engines it does all that a piece brings about in one
 * go: 2 MB at most.
 */
export const COMPRESSED_PIECE = 2048

/**
 * How many times its size an answer may decompress to, once that is more than 64 kB: what C tor takes for a
 * decompression bomb. A consensus decompresses to about five times its size.
 */
const MAX_INFLATION = 25
const FREE_INFLATION = 65_536

/** Reads the body of an answer. */
export type AnswerReader = Pick<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, 'read' | 'cancel'>

/**
 * What is left of the answer, as a stream of its own. It is over when as much came as was promised, whether the relay
 * says so or not; it fails when less comes.
 */
export class AnswerBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #reader: AnswerReader
  readonly #length: number
  readonly #piece: number
  #next: Uint8Array<ArrayBuffer>
  #taken = 0

  /** @param piece - the most bytes of a chunk */
  constructor(reader: AnswerReader, rest: Uint8Array<ArrayBuffer>, length: number = Infinity, piece: number) {
    this.#reader = reader
    this.#next = rest
    this.#length = length
    this.#piece = piece
    this.stream = new ReadableStream(
      { pull: (controller) => this.#pull(controller), cancel: (reason) => reader.cancel(reason) },
      { highWaterMark: 0 },
    )
  }

  /** How many bytes were handed on. */
  get taken(): number {
    return this.#taken
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const length = this.#length
    while (this.#next.length === 0) {
      const { value } = this.#taken < length ? await this.#reader.read() : { value: undefined }
      if (value === undefined) {
        if (length !== Infinity && this.#taken < length) {
          throw new TorError('DIRECTORY_UNAVAILABLE', `the server broke off after ${this.#taken} of ${length} bytes`)
        }
        controller.close()
        return
      }
      this.#next = value
    }
    const size = Math.min(this.#next.length, this.#piece, length - this.#taken)
    const bytes = this.#next.subarray(0, size)
    this.#next = this.#next.subarray(size)
    this.#taken += size
    if (size > 0) controller.enqueue(bytes)
    else controller.close()
  }
}

/**
 * The text of a body.
 *
 * @param body - of `source`, decompressed if it has to be
 * @param limit - the most bytes of it
 * @throws TorError `DIRECTORY_TOO_LARGE`, `DIRECTORY_MALFORMED`, or what reading failed with
 */
export async function readAnswerText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  source: AnswerBody,
  limit: number,
  options: SliceOptions,
): Promise<string> {
  // Strict and without a say for a byte order mark: digests are of the bytes, and these must come back out of the text.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const slices = new Slices(DECOMPRESSED_A_SLICE, options)
  const reader = body.getReader()
  let text = ''
  try {
    for (let size = 0; ;) {
      const { value, done } = await reader.read()
      if (done) return text + decoder.decode()
      size += value.length
      if (size > limit) throw new TorError('DIRECTORY_TOO_LARGE', `the answer has more than ${limit} bytes`)
      if (size > FREE_INFLATION && size > MAX_INFLATION * source.taken)
        throw new TorError(
          'DIRECTORY_TOO_LARGE',
          `the answer decompresses to more than ${MAX_INFLATION} times its size`,
        )
      text += decoder.decode(value, { stream: true })
      if (slices.isFull(value.length)) await slices.pause()
    }
  } catch (error) {
    reader.cancel(error).catch(() => undefined) // the first failure is the one that counts
    // Whatever else is thrown comes from the decompression or the decoding.
    if (error instanceof TorError || error instanceof SocketError) throw error
    throw new TorError('DIRECTORY_MALFORMED', 'the answer does not decompress, or is no UTF-8', { cause: error })
  }
}
