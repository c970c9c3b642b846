/**
 * Content codings (RFC 9110, section 8.4). Each read decodes a bounded piece, so that a few bytes that decode to very
 * many do not fill the memory. gzip and deflate are undone here, brotli by the runtime where that knows it.
 *
 * @module
 */
import type { ByteSource } from '../../http/body/byte-source.ts'
import { listOf, type Field } from '../../http/message/field-line.ts'
import { HttpError } from '../../http/message/http-error.ts'
import { fetchFailure } from '../message/fetch-failure.ts'
import { unzip, type Unzip } from './unzip.ts'

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

/** The most bytes that gzip and deflate are decoded to at a time. */
const AT_A_TIME = 32_768

/**
 * The most bytes of brotli that are decoded at a time: what they may decode to has no bound. It is not asked for, and
 * decoded only where a server sends it all the same.
 */
const BROTLI_AT_A_TIME = 128

let hasBrotli: boolean | undefined

/** True when the runtime decodes brotli. Tried once. */
function decodesBrotli(): boolean {
  if (hasBrotli === undefined) {
    try {
      new DecompressionStream('brotli' as CompressionFormat)
      hasBrotli = true
    } catch {
      hasBrotli = false // a TypeError, or a ReferenceError where there is none at all
    }
  }
  return hasBrotli
}

/** True when a body in this coding is decoded here. */
export const canDecode = (coding: ContentCoding): boolean => coding !== 'br' || decodesBrotli()

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
  return codings.reduceRight<ByteSource>(
    (source, coding) => (coding === 'br' ? new BrotliBody(source) : new UnzippedBody(source, coding)),
    body,
  )
}

/** What a body that is not in its coding fails with. */
const failureOf = (coding: ContentCoding, cause: unknown): TypeError =>
  fetchFailure(new HttpError('HTTP_ENCODING', `the body of the response is no valid ${coding}`, { cause }))

/** A body without gzip or deflate. */
class UnzippedBody implements ByteSource {
  readonly #source: ByteSource
  readonly #coding: 'gzip' | 'deflate'
  #unzip: Unzip | undefined
  #isEnded = false
  /** Why there is no more of it. */
  #failure: { readonly error: unknown } | undefined

  constructor(source: ByteSource, coding: 'gzip' | 'deflate') {
    this.#source = source
    this.#coding = coding
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure) throw this.#failure.error
      const bytes = this.#try(() => this.#unzip?.take(AT_A_TIME))
      if (bytes !== undefined) return bytes
      if (this.#isEnded) return undefined
      const next = await this.#source.read()
      if (next === undefined) this.#end()
      else (this.#unzip ??= unzip(this.#coding, next[0] as number)).push(next)
    }
  }

  cancel(reason: unknown): void {
    this.#failure ??= { error: reason }
    this.#source.cancel(reason)
  }

  /** No bytes at all are an empty body in any coding. */
  #end(): void {
    this.#isEnded = true
    this.#try(() => this.#unzip?.end())
  }

  #try<Result>(action: () => Result): Result {
    try {
      return action()
    } catch (error) {
      this.#failure = { error: failureOf(this.#coding, error) }
      this.#source.cancel(this.#failure.error)
      throw this.#failure.error
    }
  }
}

/** A body without brotli. */
class BrotliBody implements ByteSource {
  readonly #source: ByteSource
  #reader: Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> | undefined
  /** What went wrong before the decoder: it counts, not what the decoder makes of it. */
  #failure: { readonly error: unknown } | undefined

  constructor(source: ByteSource) {
    this.#source = source
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
    const { readable, writable } = new DecompressionStream('brotli' as CompressionFormat)
    void this.#feed(writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>, first)
    return (readable as ReadableStream<Uint8Array>).getReader()
  }

  /** Feeds the decoder as fast as it is read. */
  async #feed(writer: WritableStreamDefaultWriter<Uint8Array>, first: Uint8Array): Promise<void> {
    writer.closed.catch(() => undefined) // told by the write that fails, and by the reader
    const step = BROTLI_AT_A_TIME
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
    this.#failure ??= { error: failureOf('br', cause) }
    this.#source.cancel(this.#failure.error)
    throw this.#failure.error
  }
}
