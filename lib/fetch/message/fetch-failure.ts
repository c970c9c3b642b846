/**
 * What a fetch rejects with, as the Fetch standard has it.
 *
 * @module
 */
import { HttpError } from '../../http/message/http-error.ts'

/**
 * The TypeError that a fetch rejects with, or a body errors with. It names no host: what the connection says is in
 * `cause` only.
 *
 * @param cause - an {@link HttpError}, or what befell the connection
 */
export function fetchFailure(cause: unknown, message = 'the connection failed'): TypeError {
  return new TypeError(`fetch failed: ${cause instanceof HttpError ? cause.message : message}`, { cause })
}
