/**
 * What takes a body out of the bytes of its connection.
 *
 * @module
 */
import type { ByteCursor } from '../message/byte-cursor.ts'

/** Takes a body out of what arrives. */
export interface BodyDecoder {
  /** The body is complete: what follows belongs to it no more. */
  readonly done: boolean
  /**
   * Takes the next bytes of the body, as a view of the input; undefined when more input is needed or the body is
   * complete.
   *
   * @throws HttpError `HTTP_MALFORMED`, `HTTP_TOO_LARGE`
   */
  take(input: ByteCursor): Uint8Array | undefined
  /**
   * The connection has ended.
   *
   * @throws HttpError `HTTP_TRUNCATED` unless that is what ends the body
   */
  end(): void
}
