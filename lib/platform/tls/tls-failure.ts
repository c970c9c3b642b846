/**
 * What node:tls says of a failure, in each runtime's own words, as one that names no host. The runtimes' messages have
 * the name that was asked for and all those of the certificate.
 *
 * @module
 */
import { SocketError } from '../../base/errors.ts'
import { codeOf, withheld } from '../../base/withheld.ts'

/** What node:tls, in each runtime, says when a certificate is at fault. */
const OF_CERTIFICATES = /CERT|ALTNAME|ISSUER|SELF_SIGNED|VERIFY|UnknownIssuer|NotValidForName/i

/** The first that fits says why. */
const WHY: readonly (readonly [words: RegExp, why: string])[] = [
  [/ALTNAME|NotValidForName|not valid for name|(HOSTNAME|IP_ADDRESS)_MISMATCH/i, 'it is for another name'],
  [/EXPIRED/i, 'its time is over'],
  [/NOT_YET_VALID|NotValidYet|not valid yet/i, 'its time is still to come'],
  [/SELF[_-]SIGNED/i, 'it is signed by itself or by an authority that is not trusted'],
  [/ISSUER|UNABLE_TO_(GET|VERIFY)/i, 'no authority that is trusted has signed it'],
  [/REVOKED/i, 'it was revoked'],
]

/**
 * The SocketError for an error of node:tls: `TLS_CERTIFICATE` or `TLS_FAILED`.
 *
 * @param error - what the runtime's TLS socket failed with
 * @param isUnauthorized - the runtime says that the certificate is at fault
 * @param hostname - whom the certificate was to be for
 */
export function tlsFailure(error: unknown, isUnauthorized: boolean, hostname: string): SocketError {
  const words = `${String((error as { code?: unknown } | null)?.code)} ${error instanceof Error ? error.message : ''}`
  // An alert of the server's may name a certificate too, but that would be ours.
  const isAlert = /alert/i.test(words)
  const cause = withheld(error)
  if (isUnauthorized || (!isAlert && OF_CERTIFICATES.test(words))) {
    const why = WHY.find(([pattern]) => pattern.test(words))?.[1]
    const message = `the server's certificate cannot be trusted${why === undefined ? '' : `: ${why}`}`
    return new SocketError('TLS_CERTIFICATE', message, { cause, hostname })
  }
  const code = codeOf(error)
  return new SocketError('TLS_FAILED', code === undefined ? 'TLS failed' : `TLS failed: ${code}`, { cause, hostname })
}
