/**
 * One document from a relay's directory: HTTP/1.0 over a BEGIN_DIR stream (dir-spec, "Standards compliance" and "HTTP
 * status codes"). The request has the form of a tor client's, built without LZMA and Zstandard as Tor Browser's is. The answer is
 * bounded before and after decompression, and taken in slices: other tasks have their turn, however much a few bytes decompress to.
 *
 * @module
 */
import { asciiBytes } from '../../../cell/bytes.ts'
import type { SliceOptions } from '../../../base/waiting/slices.ts'
import { TorError } from '../../../base/errors.ts'
import type { LinkAddress } from '../../../platform/links/transport.ts'
import type { TorStream } from '../../../stream/tor-stream.ts'
import { AnswerBody, COMPRESSED_PIECE, readAnswerText, type AnswerReader } from './answer-body.ts'

/** The longest header of an answer, in bytes. */
const MAX_HEADER = 16_384

/** `HTTP/1.`: what begins otherwise is not waited for. */
const START_OF_HEADER = [72, 84, 84, 80, 47, 49, 46]
const END_OF_HEADER = [13, 10, 13, 10]

/** What is offered, and all that can be opened in every runtime. */
const ACCEPTED = 'deflate, gzip, identity'

/** How an answer is wanted. */
export interface RequestOptions extends SliceOptions {
  /** Who is asked, for the header `Host`. */
  readonly server: { readonly addresses: readonly LinkAddress[] }
  /** Further headers of a GET, in this order. With `If-Modified-Since` the answer may be {@link NOT_MODIFIED}. */
  readonly headers?: RequestHeaders | undefined
  /**
   * False for one as it is: nothing can be made of it that is larger than what came.
   *
   * @defaultValue true
   */
  readonly compressed?: boolean
  /** Told whenever something comes. */
  moved?(): void
  /** A document to bring to `path`, in ASCII: then the relay is to take it (rend-spec-v3, "Uploading descriptors"). */
  readonly document?: string
}

/** Headers by their names. */
export type RequestHeaders = Readonly<Record<string, string>>

/** In place of a document: there is none that is newer. */
export const NOT_MODIFIED = ''

/**
 * Asks for `path`, or brings a document there, and gives the body of the answer as text.
 *
 * @param limit - the most bytes of the body, decompressed
 * @throws TorError `DIRECTORY_UNAVAILABLE` when the relay has no such document, does not take one, or breaks off, `DIRECTORY_TOO_LARGE`,
 * `DIRECTORY_MALFORMED` for an answer that is no HTTP or does not decompress; or SocketError, what befell the stream
 */
export async function requestDocument(
  stream: Pick<TorStream, 'readable' | 'writable' | 'close'>,
  path: string,
  limit: number,
  options: RequestOptions,
): Promise<string> {
  const { compressed = true, document, headers = {} } = options
  try {
    const writer = stream.writable.getWriter()
    const fields = {
      Host: hostOf(options.server.addresses[0] as LinkAddress), // who has none was not dialled
      ...(compressed ? { 'Accept-Encoding': ACCEPTED } : {}),
      ...headers,
      ...(document === undefined ? {} : { 'Content-Length': String(document.length) }),
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    const method = document === undefined ? 'GET' : 'POST'
    await writer.write(asciiBytes(`${method} ${path} HTTP/1.0\r\n${lines.join('')}\r\n${document ?? ''}`))
    const reader = watched(stream.readable.getReader(), options.moved)
    const { header, rest } = await readHeader(reader)
    if (header.status === '304' && 'If-Modified-Since' in headers) return NOT_MODIFIED
    if (header.status !== '200') throw new TorError('DIRECTORY_UNAVAILABLE', `the relay answered ${header.status}`)
    const { encoding } = header
    const isCompressed = encoding !== 'identity'
    if (isCompressed && !compressed)
      throw new TorError('DIRECTORY_MALFORMED', 'the answer has an encoding that was not asked for')
    const body = new AnswerBody(reader, rest, header.length, isCompressed ? COMPRESSED_PIECE : Infinity)
    const decoded = isCompressed ? body.stream.pipeThrough(new DecompressionStream(encoding)) : body.stream
    return await readAnswerText(decoded, body, limit, options)
  } finally {
    stream.close().catch(() => undefined) // what went wrong with the stream is thrown already
  }
}

/** Tells whenever something is read. */
const watched = (reader: AnswerReader, moved?: () => void): AnswerReader => ({
  read: async () => {
    const read = await reader.read()
    moved?.()
    return read
  },
  cancel: (reason) => reader.cancel(reason),
})

/** As tor writes it: without brackets, and without the port of HTTP. */
const hostOf = ({ hostname, port }: LinkAddress): string => (port === 80 ? hostname : `${hostname}:${port}`)

const ENCODINGS = ['identity', 'deflate', 'gzip'] as const

interface Header {
  /** Three digits. */
  readonly status: string
  readonly encoding: (typeof ENCODINGS)[number]
  /** The Content-Length, if there was one. */
  readonly length: number | undefined
}

/** Reads up to the empty line; `rest` is what came after it. */
async function readHeader(reader: AnswerReader): Promise<{ header: Header; rest: Uint8Array<ArrayBuffer> }> {
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
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const named = fields.get('content-encoding')?.toLowerCase() ?? 'identity'
  const encoding = ENCODINGS.find((each) => each === named)
  if (encoding === undefined)
    throw new TorError('DIRECTORY_MALFORMED', 'the answer has an encoding that was not asked for')
  const length = fields.get('content-length')
  if (length !== undefined && !/^\d{1,10}$/.test(length))
    throw new TorError('DIRECTORY_MALFORMED', 'the answer has no valid length')
  return { status: code, encoding, length: length === undefined ? undefined : Number(length) }
}
