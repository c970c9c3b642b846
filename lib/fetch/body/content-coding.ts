/**
 * Content codings (RFC 9110, section 8.4). Each read decodes a bounded piece, so that a few bytes that decode to very
 * many do not fill the memory; and no body holds up what else the process does, whatever comes of it. Only what is asked
 * for is undone: the runtimes that know brotli decode any input to any length at once.
 *
 * @module
 */
import { READ_A_SLICE, Slices } from '../../base/waiting/slices.ts'
import type { ByteSource } from '../../http/body/byte-source.ts'
import { listOf, type Field } from '../../http/message/field-line.ts'
import { HttpError } from '../../http/message/http-error.ts'
import { fetchFailure } from '../message/fetch-failure.ts'
import { InflateError } from './huffman-codes.ts'
import { unzip, type Unzip } from './unzip.ts'

const NO_BYTES = new Uint8Array(0)

/** A coding that can be undone. */
export type ContentCoding = 'gzip' | 'deflate'

const NAMES: Readonly<Record<string, ContentCoding>> = {
  'gzip': 'gzip',
  'x-gzip': 'gzip',
  'deflate': 'deflate',
}

/** The most codings on top of each other: each multiplies what a byte of the one below may cost. */
const MAX_CODINGS = 2

/** The most bytes that are decoded to at a time. */
const AT_A_TIME = 32_768

/** The most bytes that are decoded at a time: what they cost has a bound even if nothing comes of them. */
const GIVEN_AT_A_TIME = 16_384

/**
 * The most bytes in a row of which nothing may come: the longest header of gzip, a block's codes, and a flush every now
 * and then of a server that has nothing to say fit many times over.
 */
const MAX_SILENT = 131_072

/**
 * The codings of a body, in the order in which they were applied. Empty when there are none, or one is among them that
 * cannot be undone: then the body is given as it is, as the Fetch standard has it.
 *
 * @throws HttpError `HTTP_ENCODING` when there are too many
 */
export function codingsOf(fields: readonly Field[]): ContentCoding[] {
  const codings = listOf(fields, 'content-encoding').map((name) =>
    Object.hasOwn(NAMES, name) ? NAMES[name] : undefined,
  )
  if (!codings.every((coding) => coding !== undefined)) return []
  if (codings.length > MAX_CODINGS) throw new HttpError('HTTP_ENCODING', 'the response has too many content codings')
  return codings
}

/** A body without its codings. */
export const decoded = (body: ByteSource, codings: readonly ContentCoding[]): ByteSource =>
  codings.reduceRight<ByteSource>((source, coding) => new UnzippedBody(source, coding), body)

/** What a body that is not in its coding fails with. */
const failureOf = (coding: ContentCoding, cause: unknown): TypeError =>
  fetchFailure(new HttpError('HTTP_ENCODING', `the body of the response is no valid ${coding}`, { cause }))

/** A body without one coding. */
class UnzippedBody implements ByteSource {
  readonly #source: ByteSource
  readonly #coding: ContentCoding
  /** Of the bytes in and out. What is below may answer at once, time after time: aborts and timers get in between slices only. */
  readonly #slices = new Slices(READ_A_SLICE, {})
  /** What has been read of the source, and waits to be decoded. */
  #input: Uint8Array = NO_BYTES
  #unzip: Unzip | undefined
  /** How many bytes have been given since something came of them. */
  #silent = 0
  #isEnded = false
  /** Why there is no more of it. */
  #failure: { readonly error: unknown } | undefined

  constructor(source: ByteSource, coding: ContentCoding) {
    this.#source = source
    this.#coding = coding
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#slices.isFull(0)) await this.#slices.pause()
      if (this.#failure) throw this.#failure.error
      const bytes = this.#try(() => this.#take())
      if (bytes !== undefined) return bytes
      if (this.#isEnded) return undefined
      if (this.#unzip?.isOver === true) this.#leave()
      else if (this.#input.length > 0) this.#try(() => this.#give())
      else await this.#fill()
    }
  }

  cancel(reason: unknown): void {
    this.#failure ??= { error: reason }
    this.#source.cancel(reason)
  }

  /** What comes of what was given. */
  #take(): Uint8Array | undefined {
    const bytes = this.#unzip?.take(AT_A_TIME)
    if (bytes === undefined) return undefined
    this.#silent = 0
    this.#slices.isFull(bytes.length)
    return bytes
  }

  /** Gives a bounded part of what was read. */
  #give(): void {
    if (this.#silent > MAX_SILENT) throw new InflateError('nothing comes of it')
    const given = this.#input.subarray(0, GIVEN_AT_A_TIME)
    this.#input = this.#input.subarray(given.length)
    this.#silent += given.length
    this.#slices.isFull(given.length)
    this.#unzip ??= unzip(this.#coding, given[0] as number)
    this.#unzip.push(given)
  }

  /** Reads on. No bytes at all are an empty body in any coding. */
  async #fill(): Promise<void> {
    const next = await this.#source.read()
    if (next !== undefined) this.#input = next
    else {
      this.#isEnded = true
      this.#try(() => this.#unzip?.end())
    }
  }

  /** The data is complete, and something is behind it that may go on for ever. */
  #leave(): void {
    this.#isEnded = true
    this.#input = NO_BYTES
    this.#source.cancel(fetchFailure(new HttpError('HTTP_ENCODING', `something is behind the ${this.#coding}`)))
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
