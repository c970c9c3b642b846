/**
 * What ends a TLS connection from this side, and the alert that tells the other.
 *
 * @module
 */
import { SocketError, TorError } from '../../base/errors.ts'
import { Alert } from './registry.ts'

/**
 * The peer broke the protocol, or did not prove who it is. It leaves this folder as its `error`; the alert goes to the
 * peer.
 */
export class TlsFault extends Error {
  /** The alert to send (RFC 8446, section 6); undefined when there is nothing to say: the peer has ended it. */
  readonly alert: number | undefined
  /** What the application is told. */
  readonly error: unknown

  /** @param error - what the application is told; by default the problem, as `TLS_FAILED` */
  constructor(alert: number | undefined, problem: string, error: unknown = new SocketError('TLS_FAILED', problem)) {
    super(problem)
    this.alert = alert
    this.error = error
  }
}

/** The message is not made as the standard has it. */
export const malformed = (what: string): TlsFault => new TlsFault(Alert.DECODE_ERROR, `the server sent a bad ${what}`)

/** What it says is well-formed, and not allowed. */
export const illegal = (problem: string): TlsFault => new TlsFault(Alert.ILLEGAL_PARAMETER, problem)

/** Any error as a fault: what a reader of bytes says is a fault of the peer's bytes, all else is ours. */
export function faultOf(cause: unknown): TlsFault {
  if (cause instanceof TlsFault) return cause
  const isPeers = cause instanceof TorError && cause.code === 'CELL_MALFORMED'
  const problem = isPeers ? 'the server sent a message that is malformed' : 'the TLS connection failed'
  const error = new SocketError('TLS_FAILED', problem, { cause })
  return new TlsFault(isPeers ? Alert.DECODE_ERROR : Alert.INTERNAL_ERROR, problem, error)
}
