/**
 * What can go wrong between a request and the end of its response, beside the connection itself.
 *
 * @module
 */

/**
 * What went wrong, as a stable word to branch on.
 *
 * - `HTTP_MALFORMED`: a status line, field line or chunk that is not well-formed (RFC 9112, sections 4, 5 and 7.1)
 * - `HTTP_TOO_LARGE`: a head, chunk line or trailer section beyond its bound, or too many interim responses
 * - `HTTP_FRAMING`: lengths that contradict each other, are no lengths, or a transfer coding beside chunked (RFC 9112,
 *   section 6.3)
 * - `HTTP_NO_RESPONSE`: the connection ended before the first byte of a response
 * - `HTTP_TRUNCATED`: the connection ended within a response
 * - `HTTP_ENCODING`: a body that is not in the content coding it is said to be in
 * - `HTTP_TIMEOUT`: a visitor of a server that was silent, or took nothing, for too long
 * - `HTTP_PROTOCOL`: the far end changed to a protocol that was not asked for
 * - `HTTP_REDIRECT`: a redirect that may not be followed
 */
export type HttpErrorCode =
  | 'HTTP_MALFORMED'
  | 'HTTP_TOO_LARGE'
  | 'HTTP_FRAMING'
  | 'HTTP_NO_RESPONSE'
  | 'HTTP_TRUNCATED'
  | 'HTTP_ENCODING'
  | 'HTTP_TIMEOUT'
  | 'HTTP_PROTOCOL'
  | 'HTTP_REDIRECT'

/** Which half of an exchange is read or written, as errors call it. */
export type MessageKind = 'request' | 'response'

/**
 * A fault of an HTTP exchange. It comes as the `cause` of the TypeError that a fetch or a body fails with, as the Fetch
 * standard has it.
 */
export class HttpError extends Error {
  /** `HttpError`. */
  override readonly name: string = 'HttpError'
  /** What went wrong; see {@link HttpErrorCode}. */
  readonly code: HttpErrorCode

  /** @param options - `cause`, what is behind it */
  constructor(code: HttpErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
