/**
 * The body of a message, read from its connection as it is asked for.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { BodyDecoder } from '../body/body-decoder.ts'
import type { ByteSource } from '../body/byte-source.ts'
import type { Connection } from './connection.ts'
import { HttpError, type MessageKind } from '../message/http-error.ts'

/** What is told when a body is over: true when all of it was read, undefined as the reason then. */
export type BodyOver = (complete: boolean, reason: unknown) => void

/** Whose body it is, and what is told of it. */
export interface MessageBodyParts {
  readonly of: MessageKind
  readonly connection: Connection
  readonly decoder: BodyDecoder
  /** Called once, perhaps before the body is made. */
  readonly onOver: BodyOver
  /** What to fail with, out of an {@link HttpError} or what befell the connection. */
  failureOf(error: unknown): Error
}

/** A message's body as it is on the wire, without its transfer coding. */
export class MessageBody implements ByteSource {
  readonly #of: MessageKind
  readonly #failureOf: MessageBodyParts['failureOf']
  readonly #connection: Connection
  readonly #decoder: BodyDecoder
  readonly #onOver: BodyOver
  #isOver = false
  /** What a read found behind the bytes that it gave; the next one tells. */
  #failure: { readonly error: unknown } | undefined

  constructor({ of, connection, decoder, onOver, failureOf }: MessageBodyParts) {
    this.#of = of
    this.#failureOf = failureOf
    this.#connection = connection
    this.#decoder = decoder
    this.#onOver = onOver
    if (decoder.done) this.#over(true)
  }

  /** Nothing more comes of it: all was read, or it was given up. */
  get isOver(): boolean {
    return this.#isOver
  }

  /**
   * The next bytes, as a view of what arrived where that can be. Rejects with what `failureOf` makes.
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure) throw this.#failure.error
      const bytes = this.#takeAll()
      if (bytes !== undefined) return bytes
      if (this.#failure === undefined && this.#decoder.done) return undefined
      if (this.#failure === undefined) await this.#fill()
    }
  }

  /** Gives up what is left, and the connection with it. */
  cancel(reason: unknown): void {
    this.#over(false, reason)
  }

  /**
   * Nobody wants this body. What has arrived of it is dropped; if it is not all, the connection goes: nothing is waited
   * for.
   */
  discard(): void {
    while (this.#takeAll() !== undefined) continue
    this.#over(false, undefined)
  }

  /** Everything of the body that has arrived, in one piece. */
  #takeAll(): Uint8Array | undefined {
    const pieces: Uint8Array[] = []
    try {
      const { input } = this.#connection
      if (this.#isOver || this.#failure) return undefined
      for (let piece = this.#decoder.take(input); piece !== undefined; piece = this.#decoder.take(input))
        pieces.push(piece)
    } catch (error) {
      this.#fail(error)
    }
    const bytes = pieces.length === 0 ? undefined : joinBytes(pieces)
    // Only now: the connection may get another exchange's input at once.
    if (this.#decoder.done) this.#over(true)
    return bytes
  }

  async #fill(): Promise<void> {
    try {
      if (await this.#connection.fill()) return
      this.#decoder.end()
    } catch (error) {
      this.#fail(
        error instanceof HttpError
          ? error
          : new HttpError('HTTP_TRUNCATED', `the body of the ${this.#of} was cut short`, { cause: error }),
      )
      return
    }
    this.#over(true)
  }

  #fail(error: unknown): void {
    this.#failure = { error: this.#failureOf(error) }
    this.#over(false, this.#failure.error)
  }

  #over(complete: boolean, reason?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver(complete, reason)
  }
}
