/**
 * What a stream fails with: the one place that turns an END, a dead circuit or the application's own doing into a
 * SocketError.
 *
 * @module
 */
import type { End } from '../cell/relay/end.ts'
import { endReasonName } from '../cell/reasons.ts'
import { SocketError, type StreamAttempt, type TorError } from '../base/errors.ts'

/** The far end closed the stream with this END. */
export function failureOfEnd(
  { reason, address, ttl }: End,
  connecting: boolean,
  attempts?: readonly StreamAttempt[],
): SocketError {
  const name = endReasonName(reason)
  const when = connecting ? 'before it was connected' : 'while it was open'
  return new SocketError(
    name ? `END_${name}` : 'END_OTHER',
    `the far end closed the stream ${when} (${name ?? `reason ${reason}`})`,
    {
      reason,
      address,
      ttl,
      attempts,
    },
  )
}

/**
 * The circuit is gone, or a message of the stream's was malformed; or no circuit took the stream, which is told
 * already.
 */
export const failureOfCircuit = (error: TorError | SocketError): SocketError =>
  error instanceof SocketError ? error : new SocketError(error.code, error.message, { cause: error })

/** The application gave up, by a signal or by aborting the writable. */
export const failureOfAbort = (reason: unknown): SocketError =>
  new SocketError('ABORTED', 'the stream was aborted', { cause: reason })

/** The application closed the stream. */
export const failureOfClose = (reason?: unknown): SocketError =>
  new SocketError('CLOSED', 'the stream was closed from this side', reason === undefined ? {} : { cause: reason })
