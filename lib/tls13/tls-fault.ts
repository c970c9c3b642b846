/**
 * What ends a TLS connection from this side, and the alert that tells the other.
 *
 * @module
 */
import { SocketError, TorError, type ErrorCode } from '../base/errors.ts'
import { Alert } from './registry.ts'

/**
 * The peer broke the protocol, or did not prove who it is. It leaves this folder as its `error`; the alert goes to the
 * peer.
 */
export class TlsFault extends Error {
  /** The alert to send (RFC 8446, section 6). */
  readonly alert: number
  /** What the application is told. */
  readonly error: SocketError

  constructor(alert: number, problem: string, code: ErrorCode = 'TLS_FAILED', cause?: unknown) {
    super(problem)
    this.alert = alert
    this.error = new SocketError(code, problem, cause === undefined ? {} : { cause })
  }
}

/** The message is not made as the standard has it. */
export const malformed = (what: string): TlsFault => new TlsFault(Alert.DECODE_ERROR, `the server sent a bad ${what}`)

/** What it says is well-formed, and not allowed. */
export const illegal = (problem: string): TlsFault => new TlsFault(Alert.ILLEGAL_PARAMETER, problem)

/** Any error as a fault: what a reader of bytes says is a fault of the peer's bytes, all else is ours. */
export function faultOf(error: unknown): TlsFault {
  if (error instanceof TlsFault) return error
  if (error instanceof TorError && error.code === 'CELL_MALFORMED') {
    return new TlsFault(Alert.DECODE_ERROR, 'the server sent a message that is malformed', 'TLS_FAILED', error)
  }
  return new TlsFault(Alert.INTERNAL_ERROR, 'the TLS connection failed', 'TLS_FAILED', error)
}
