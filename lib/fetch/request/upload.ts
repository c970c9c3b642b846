/**
 * Sends one request: its head, then its body as fast as the connection takes it, chunked when its length is not known
 * (RFC 9112, sections 6 and 7.1).
 *
 * @module
 */
import type { ByteSource } from '../body/byte-source.ts'
import type { Connection } from '../connection/connection.ts'
import { encodeLatin1 } from '../message/latin1.ts'
import type { RequestBody } from './request-body.ts'

/** The most bytes of one write. */
const MAX_WRITE = 65_536

const LAST_CHUNK = '0\r\n\r\n'

/**
 * - `sending`: there is more to send
 * - `sent`: the connection took everything
 * - `failed`: see `failure`
 */
export type UploadState = 'sending' | 'sent' | 'failed'

/** Why a request was not sent: its own body failed, or the connection did. */
export interface UploadFailure {
  readonly of: 'body' | 'connection'
  readonly error: unknown
}

/** One request on its way. */
export class Upload {
  /** See {@link UploadState}. */
  state: UploadState = 'sending'
  /** Why it failed. */
  failure: UploadFailure | undefined
  /** Everything was handed to the connection, which has perhaps not taken it all yet. */
  isHandedOver = false
  /** Resolves when `state` is `sent` or `failed`; never rejects. */
  readonly settled: Promise<void>

  readonly #connection: Connection
  readonly #source: ByteSource | undefined

  constructor(connection: Connection, head: Uint8Array, body: RequestBody | undefined) {
    this.#connection = connection
    this.#source = body?.open()
    this.settled = this.#run(head, body?.length).then(
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

  async #run(head: Uint8Array, length: number | undefined): Promise<void> {
    this.isHandedOver = this.#source === undefined || length === 0
    await this.#connection.write(head)
    if (this.#source === undefined) return
    let sent = 0
    while (length === undefined || sent < length) {
      const bytes = await this.#next()
      if (bytes === undefined) break
      sent += bytes.length
      if (length !== undefined && sent > length) this.#fail(new TypeError('The request body is longer than it was'))
      for (let at = 0; at < bytes.length; at += MAX_WRITE) {
        const piece = bytes.subarray(at, at + MAX_WRITE)
        this.isHandedOver = sent === length && at + MAX_WRITE >= bytes.length
        await this.#connection.write(length === undefined ? chunkOf(piece) : piece)
      }
    }
    if (length !== undefined && sent < length) this.#fail(new TypeError('The request body is shorter than it was'))
    this.isHandedOver = true
    if (length === undefined) await this.#connection.write(encodeLatin1(LAST_CHUNK))
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
