/**
 * One document from a relay's directory: HTTP/1.0 over a BEGIN_DIR stream (dir-spec, "Standards compliance" and "HTTP
 * status codes"). The answer is bounded before and after decompression.
 *
 * @module
 */
import { asciiBytes } from '../../cell/bytes.ts'
import { SocketError, TorError } from '../../base/errors.ts'
import type { TorStream } from '../../stream/tor-stream.ts'

/** The longest header of an answer, in bytes. */
const MAX_HEADER = 16_384

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
export async function requestDocument(stream: TorStream, path: string, limit: number): Promise<string> {
  try {
    const writer = stream.writable.getWriter()
    await writer.write(asciiBytes(`GET ${path} HTTP/1.0\r\nAccept-Encoding: deflate, identity\r\n\r\n`))
    const reader = stream.readable.getReader()
    const { header, rest } = await readHeader(reader)
    const body = remaining(reader, rest, header.length)
    const decoded = header.encoding === 'deflate' ? body.pipeThrough(new DecompressionStream('deflate')) : body
    return await readText(decoded, limit)
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
  let bytes = new Uint8Array(0)
  for (;;) {
    const { value, done } = await reader.read()
    if (done) throw new TorError('DIRECTORY_UNAVAILABLE', 'the relay broke off within its answer')
    const grown = new Uint8Array(bytes.length + value.length)
    grown.set(bytes)
    grown.set(value, bytes.length)
    const from = Math.max(0, bytes.length - END_OF_HEADER.length)
    bytes = grown
    const end = endOfHeader(bytes, from)
    if (!START_OF_HEADER.every((byte, index) => index >= bytes.length || bytes[index] === byte))
      throw new TorError('DIRECTORY_MALFORMED', 'the answer is no HTTP')
    if (end > MAX_HEADER || (end < 0 && bytes.length > MAX_HEADER))
      throw new TorError('DIRECTORY_MALFORMED', 'the header of the answer is too long')
    if (end >= 0)
      return {
        header: parseHeader(new TextDecoder('latin1').decode(bytes.subarray(0, end))),
        rest: bytes.slice(end + 4),
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
function remaining(
  reader: Reader,
  rest: Uint8Array<ArrayBuffer>,
  length: number = Infinity,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let received = 0
  let next: Uint8Array<ArrayBuffer> | undefined = rest
  return new ReadableStream(
    {
      async pull(controller) {
        while (next === undefined || next.length === 0) {
          const { value, done } = received < length ? await reader.read() : { value: undefined, done: true }
          if (done) {
            if (length !== Infinity && received < length) {
              throw new TorError('DIRECTORY_UNAVAILABLE', `the relay broke off after ${received} of ${length} bytes`)
            }
            controller.close()
            return
          }
          next = value
        }
        const bytes = next.subarray(0, length - received)
        next = undefined
        received += bytes.length
        if (bytes.length > 0) controller.enqueue(bytes)
        else controller.close()
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

async function readText(body: ReadableStream<Uint8Array<ArrayBuffer>>, limit: number): Promise<string> {
  // Strict and without a say for a byte order mark: digests are of the bytes, and these must come back out of the text.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const reader = body.getReader()
  let text = ''
  try {
    for (let size = 0; ;) {
      const { value, done } = await reader.read()
      if (done) return text + decoder.decode()
      size += value.length
      if (size > limit) throw new TorError('DIRECTORY_TOO_LARGE', `the answer has more than ${limit} bytes`)
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    reader.cancel(error).catch(() => undefined) // the first failure is the one that counts
    // Whatever else is thrown comes from the decompression or the decoding.
    if (error instanceof TorError || error instanceof SocketError) throw error
    throw new TorError('DIRECTORY_MALFORMED', 'the answer does not decompress, or is no UTF-8', { cause: error })
  }
}
