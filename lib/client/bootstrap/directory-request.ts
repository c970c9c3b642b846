/**
 * One document from a relay's directory: HTTP/1.0 over a BEGIN_DIR stream (dir-spec, "Standards compliance" and "HTTP
 * status codes"). The answer is bounded before and after decompression, and taken in slices: other tasks have their
 * turn, however much a few bytes decompress to.
 *
 * @module
 */
import { asciiBytes } from '../../cell/bytes.ts'
import { type SliceOptions, Slices } from '../../directory/text/slices.ts'
import { SocketError, TorError } from '../../base/errors.ts'
import type { TorStream } from '../../stream/tor-stream.ts'

/** The longest header of an answer, in bytes. */
const MAX_HEADER = 16_384

/** How much is decompressed before other tasks have their turn, in bytes: a few ms. */
const DECOMPRESSED_A_SLICE = 262_144

/**
 * How many bytes are given to the decompression at a time. In some engines it does all that a piece brings about in one
 * go: 2 MB at most.
 */
const COMPRESSED_PIECE = 2048

/**
 * How many times its size an answer may decompress to, once that is more than 64 kB: what C tor takes for a
 * decompression bomb. A consensus decompresses to about five times its size.
 */
const MAX_INFLATION = 25
const FREE_INFLATION = 65_536

/** `HTTP/1.`: what begins otherwise is not waited for. */
const START_OF_HEADER = [72, 84, 84, 80, 47, 49, 46]
const END_OF_HEADER = [13, 10, 13, 10]

/**
 * Asks for `path` and gives the body as text.
 *
 * @param limit - the most bytes of the body, decompressed
 * @throws TorError `DIRECTORY_UNAVAILABLE` when the relay has no such document or breaks off, `DIRECTORY_TOO_LARGE`,
 * `DIRECTORY_MALFORMED` for an answer that is no HTTP or does not decompress; or SocketError, what befell the stream
 */
export async function requestDocument(
  stream: Pick<TorStream, 'readable' | 'writable' | 'close'>,
  path: string,
  limit: number,
  options: SliceOptions = {},
): Promise<string> {
  try {
    const writer = stream.writable.getWriter()
    await writer.write(asciiBytes(`GET ${path} HTTP/1.0\r\nAccept-Encoding: deflate, identity\r\n\r\n`))
    const reader = stream.readable.getReader()
    const { header, rest } = await readHeader(reader)
    const isCompressed = header.encoding === 'deflate'
    const body = new Remaining(reader, rest, header.length, isCompressed ? COMPRESSED_PIECE : Infinity)
    const decoded = isCompressed ? body.stream.pipeThrough(new DecompressionStream('deflate')) : body.stream
    return await readText(decoded, body, limit, options)
  } finally {
    stream.close().catch(() => undefined) // what went wrong with the stream is thrown already
  }
}

interface Header {
  readonly encoding: 'identity' | 'deflate'
  /** The Content-Length, if there was one. */
  readonly length: number | undefined
}

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>

/** Reads up to the empty line; `rest` is what came after it. */
async function readHeader(reader: Reader): Promise<{ header: Header; rest: Uint8Array<ArrayBuffer> }> {
  // As much as is looked at, so that a header that comes a byte at a time is copied once.
  const bytes = new Uint8Array(MAX_HEADER + END_OF_HEADER.length)
  let size = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) throw new TorError('DIRECTORY_UNAVAILABLE', 'the relay broke off within its answer')
    const taken = Math.min(value.length, bytes.length - size)
    bytes.set(value.subarray(0, taken), size)
    const from = Math.max(0, size - END_OF_HEADER.length)
    size += taken
    const end = endOfHeader(bytes.subarray(0, size), from)
    if (!START_OF_HEADER.every((byte, index) => index >= size || bytes[index] === byte))
      throw new TorError('DIRECTORY_MALFORMED', 'the answer is no HTTP')
    if (end < 0 && size > MAX_HEADER) throw new TorError('DIRECTORY_MALFORMED', 'the header of the answer is too long')
    if (end >= 0)
      return {
        header: parseHeader(new TextDecoder('latin1').decode(bytes.subarray(0, end))),
        rest: value.slice(end + END_OF_HEADER.length - (size - taken)),
      }
  }
}

function endOfHeader(bytes: Uint8Array, from: number): number {
  for (let at = from; at + END_OF_HEADER.length <= bytes.length; at++) {
    if (END_OF_HEADER.every((byte, index) => bytes[at + index] === byte)) return at
  }
  return -1
}

function parseHeader(text: string): Header {
  const [status = '', ...lines] = text.split('\r\n')
  const code = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(status)?.[1]
  if (code === undefined) throw new TorError('DIRECTORY_MALFORMED', 'the answer is no HTTP')
  if (code !== '200') throw new TorError('DIRECTORY_UNAVAILABLE', `the relay answered ${code}`)
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const encoding = fields.get('content-encoding')?.toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'deflate') {
    throw new TorError('DIRECTORY_MALFORMED', 'the answer has an encoding that was not asked for')
  }
  const length = fields.get('content-length')
  if (length !== undefined && !/^\d{1,10}$/.test(length))
    throw new TorError('DIRECTORY_MALFORMED', 'the answer has no valid length')
  return { encoding, length: length === undefined ? undefined : Number(length) }
}

/**
 * What is left of the answer, as a stream of its own. It is over when as much came as was promised, whether the relay
 * says so or not; it fails when less comes.
 */
class Remaining {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #reader: Reader
  readonly #length: number
  readonly #piece: number
  #next: Uint8Array<ArrayBuffer>
  #taken = 0

  /** @param piece - the most bytes of a chunk */
  constructor(reader: Reader, rest: Uint8Array<ArrayBuffer>, length: number = Infinity, piece: number) {
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
          throw new TorError('DIRECTORY_UNAVAILABLE', `the relay broke off after ${this.#taken} of ${length} bytes`)
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

async function readText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  source: Remaining,
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
