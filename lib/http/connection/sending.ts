/**
 * Sends one message: its head, then its body as fast as the connection takes it, chunked when its length is not known
 * (RFC 9112, sections 6 and 7.1).
 *
 * @module
 */
import type { ByteSource } from '../body/byte-source.ts'
import { encodeLatin1 } from '../message/latin1.ts'
import type { MessageKind } from '../message/http-error.ts'
import type { Connection } from './connection.ts'

/** The most bytes of one write. */
const MAX_WRITE = 65_536

const LAST_CHUNK = '0\r\n\r\n'

/**
 * - `sending`: there is more to send
 * - `sent`: the connection took everything
 * - `failed`: see `failure`
 */
export type SendingState = 'sending' | 'sent' | 'failed'

/** Why a message was not sent: its own body failed, or the connection did. */
export interface SendingFailure {
  readonly of: 'body' | 'connection'
  readonly error: unknown
}

/** What is sent behind the head. */
export interface SentBody {
  /** In bytes; undefined when it is not known before the end. */
  readonly length: number | undefined
  /** The end of the connection ends the body, where its length is not known: the far end knows no chunks. */
  readonly endsWithConnection?: boolean
  /** The bytes, from the first one on. */
  open(): ByteSource
}

/** One message on its way. */
export class Sending {
  /** See {@link SendingState}. */
  state: SendingState = 'sending'
  /** Why it failed. */
  failure: SendingFailure | undefined
  /** Everything was handed to the connection, which has perhaps not taken it all yet. */
  isHandedOver = false
  /** Resolves when `state` is `sent` or `failed`; never rejects. */
  readonly settled: Promise<void>

  readonly #connection: Connection
  readonly #source: ByteSource | undefined
  readonly #of: MessageKind

  constructor(connection: Connection, head: Uint8Array, body: SentBody | undefined, of: MessageKind) {
    this.#connection = connection
    this.#of = of
    this.#source = body?.open()
    this.settled = this.#run(head, body).then(
      () => void (this.state = 'sent'),
      (error: unknown) => {
        this.state = 'failed'
        this.failure ??= { of: 'connection', error }
        this.#source?.cancel(error)
      },
    )
  }

  /** Sends nothing more. */
  cancel(reason: unknown): void {
    if (this.state !== 'sending') return
    this.failure ??= { of: 'connection', error: reason }
    this.#source?.cancel(reason)
  }

  async #run(head: Uint8Array, body: SentBody | undefined): Promise<void> {
    const { length, endsWithConnection = false } = body ?? { length: undefined }
    const isChunked = length === undefined && !endsWithConnection
    this.isHandedOver = this.#source === undefined || length === 0
    await this.#connection.write(head)
    if (this.#source === undefined) return
    let sent = 0
    while (length === undefined || sent < length) {
      const bytes = await this.#next()
      if (bytes === undefined) break
      sent += bytes.length
      if (length !== undefined && sent > length) this.#fail(new TypeError(`The ${this.#of} body is longer than it was`))
      for (let at = 0; at < bytes.length; at += MAX_WRITE) {
        const piece = bytes.subarray(at, at + MAX_WRITE)
        this.isHandedOver = sent === length && at + MAX_WRITE >= bytes.length
        await this.#connection.write(isChunked ? chunkOf(piece) : piece)
      }
    }
    if (length !== undefined && sent < length) this.#fail(new TypeError(`The ${this.#of} body is shorter than it was`))
    this.isHandedOver = true
    if (isChunked) await this.#connection.write(encodeLatin1(LAST_CHUNK))
  }

  async #next(): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined
    try {
      bytes = await this.#source?.read()
    } catch (error) {
      this.#fail(error)
    }
    if (this.failure) throw this.failure.error
    return bytes
  }

  #fail(error: unknown): never {
    this.failure ??= { of: 'body', error }
    throw this.failure.error
  }
}

/** One chunk, framed, in one piece. */
function chunkOf(bytes: Uint8Array): Uint8Array {
  const before = encodeLatin1(`${bytes.length.toString(16)}\r\n`)
  const chunk = new Uint8Array(before.length + bytes.length + 2)
  chunk.set(before)
  chunk.set(bytes, before.length)
  chunk.set([13, 10], before.length + bytes.length)
  return chunk
}
