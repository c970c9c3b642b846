/**
 * Content codings (RFC 9110, section 8.4), undone with the runtime's DecompressionStream. Each read decodes a bounded
 * piece, so that a few bytes that decode to very many do not fill the memory.
 *
 * @module
 */
import type { ByteSource } from './byte-source.ts'
import { listOf, type Field } from '../message/field-line.ts'
import { HttpError, fetchFailure } from '../message/http-error.ts'

/** A coding that can be undone. */
export type ContentCoding = 'gzip' | 'deflate' | 'br'

const NAMES: Readonly<Record<string, ContentCoding>> = {
  'gzip': 'gzip',
  'x-gzip': 'gzip',
  'deflate': 'deflate',
  'br': 'br',
}

/** The most codings on top of each other. */
const MAX_CODINGS = 5

/**
 * The most bytes that are decoded at a time. Deflate makes at most 1032 of one: 4 MiB. Brotli has no such bound; it is
 * not asked for, and decoded only where a server sends it all the same.
 */
const AT_A_TIME: Readonly<Record<ContentCoding, number>> = { gzip: 4096, deflate: 4096, br: 128 }

const supported = new Map<string, boolean>()

/** True when the runtime decodes `format`. Tried once. */
function isSupported(format: string): boolean {
  let known = supported.get(format)
  if (known === undefined) {
    try {
      new DecompressionStream(format as CompressionFormat)
      known = true
    } catch {
      known = false // a TypeError, or a ReferenceError where there is none at all
    }
    supported.set(format, known)
  }
  return known
}

/** True when a body in this coding is decoded here. */
export const canDecode = (coding: ContentCoding): boolean => isSupported(coding === 'br' ? 'brotli' : coding)

/**
 * The codings of a body, in the order in which they were applied. Empty when there are none, or one is among them that
 * cannot be undone: then the body is given as it is, as the Fetch standard has it.
 *
 * @throws HttpError `HTTP_ENCODING` when there are too many
 */
export function codingsOf(fields: readonly Field[]): ContentCoding[] {
  const names = listOf(fields, 'content-encoding')
  if (names.length > MAX_CODINGS) throw new HttpError('HTTP_ENCODING', 'the response has too many content codings')
  const codings = names.map((name) => (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined))
  return codings.every((coding) => coding !== undefined && canDecode(coding)) ? (codings as ContentCoding[]) : []
}

/** A body without its codings. */
export function decoded(body: ByteSource, codings: readonly ContentCoding[]): ByteSource {
  return codings.reduceRight<ByteSource>((source, coding) => new DecodedBody(source, coding), body)
}

/** A body without one coding. */
class DecodedBody implements ByteSource {
  readonly #source: ByteSource
  readonly #coding: ContentCoding
  #reader: Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> | undefined
  /** What went wrong before the decoder: it counts, not what the decoder makes of it. */
  #failure: { readonly error: unknown } | undefined

  constructor(source: ByteSource, coding: ContentCoding) {
    this.#source = source
    this.#coding = coding
  }

  async read(): Promise<Uint8Array | undefined> {
    const reader = await (this.#reader ??= this.#start())
    if (reader === undefined) return undefined
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => this.#fail(error))
      if (done && this.#failure) throw this.#failure.error
      if (done) return undefined
      if (value.length > 0) return value
    }
  }

  cancel(reason: unknown): void {
    this.#failure ??= { error: reason }
    this.#source.cancel(reason)
    this.#reader?.then((reader) => reader?.cancel(reason)).catch(() => undefined) // it is given up, however that goes
  }

  /** Makes the decoder when the first byte is there: no bytes at all are an empty body in any coding. */
  async #start(): Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> {
    const first = await this.#source.read()
    if (first === undefined) return undefined
    const { readable, writable } = new DecompressionStream(formatOf(this.#coding, first[0] as number))
    void this.#feed(writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>, first)
    return (readable as ReadableStream<Uint8Array>).getReader()
  }

  /** Feeds the decoder as fast as it is read. */
  async #feed(writer: WritableStreamDefaultWriter<Uint8Array>, first: Uint8Array): Promise<void> {
    writer.closed.catch(() => undefined) // told by the write that fails, and by the reader
    const step = AT_A_TIME[this.#coding]
    try {
      for (let bytes: Uint8Array | undefined = first; bytes !== undefined; bytes = await this.#next()) {
        for (let at = 0; at < bytes.length; at += step) await writer.write(bytes.subarray(at, at + step))
      }
      await writer.close()
    } catch (error) {
      writer.abort(error).catch(() => undefined) // the reader tells
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      return await this.#source.read()
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }

  #fail(cause: unknown): never {
    this.#failure ??= {
      error: fetchFailure(
        new HttpError('HTTP_ENCODING', `the body of the response is no valid ${this.#coding}`, { cause }),
      ),
    }
    this.#source.cancel(this.#failure.error)
    throw this.#failure.error
  }
}

/**
 * Some servers send deflate without its zlib header, whose first byte has 8 in its lower half (RFC 1950); browsers read
 * both.
 */
function formatOf(coding: ContentCoding, first: number): CompressionFormat {
  if (coding === 'br') return 'brotli' as CompressionFormat
  return coding === 'deflate' && (first & 0x0f) !== 8 ? 'deflate-raw' : coding
}
