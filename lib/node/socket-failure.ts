/**
 * What leaves through agents, connectors and Duplexes when a stream fails: an error with the code that Node's own
 * sockets have for it, as that is what the retry logic of HTTP libraries branches on.
 *
 * @module
 */
import { SocketError, TorError, type ErrorCode } from '../base/errors.ts'
import { codeOf, withheld, WithheldError } from '../base/withheld.ts'

/** Nobody is known to be at fault but the way there; another circuit may do. */
const RESET = 'ECONNRESET'

/**
 * Node's codes for ours. RESOLVE_…, END_… and TIMEOUT are as tor's own SOCKS port has them where SOCKS has a word (C
 * tor's `stream_end_reason_to_socks5_response`); what no retry mends has a code that is in no list of those who retry
 * (EACCES, ECONNABORTED, ENOBUFS). A code that is not here is left as it is.
 */
const NODE_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  END_CONNECTREFUSED: 'ECONNREFUSED',
  END_RESOLVEFAILED: 'ENOTFOUND',
  RESOLVE_FAILED: 'ENOTFOUND',
  RESOLVE_TRANSIENT: 'EAI_AGAIN',
  END_TIMEOUT: 'ETIMEDOUT',
  TIMEOUT: 'ETIMEDOUT',
  CIRCUIT_TIMEOUT: 'ETIMEDOUT',
  LINK_TIMEOUT: 'ETIMEDOUT',
  END_NOROUTE: 'EHOSTUNREACH',
  LINK_UNREACHABLE: 'ENETUNREACH',
  NO_PATH: 'ENETUNREACH',
  DIRECTORY_UNAVAILABLE: 'ENETUNREACH',
  ONION_ADDRESS_INVALID: 'ENOTFOUND',
  ONION_DESCRIPTOR_NOT_FOUND: 'EHOSTUNREACH',
  ONION_DESCRIPTOR_INVALID: 'EHOSTUNREACH',
  ONION_INTRODUCTION_FAILED: 'EHOSTUNREACH',
  ONION_RENDEZVOUS_FAILED: 'EHOSTUNREACH',
  ONION_INTRODUCTION_TIMEOUT: 'ETIMEDOUT',
  ONION_AUTHORIZATION_MISSING: 'EACCES',
  ONION_AUTHORIZATION_WRONG: 'EACCES',
  ENDED: 'EPIPE',
  END_EXITPOLICY: 'EACCES',
  ADDRESS_REFUSED: 'EACCES',
  CLOSED: 'ECONNABORTED',
  ABORTED: 'ECONNABORTED',
  RECEIVE_BUFFER_FULL: 'ENOBUFS',
  END_CONNRESET: RESET,
  END_MISC: RESET,
  END_DESTROY: RESET,
  END_DONE: RESET,
  END_HIBERNATING: RESET,
  END_INTERNAL: RESET,
  END_RESOURCELIMIT: RESET,
  END_TORPROTOCOL: RESET,
  END_NOTDIRECTORY: RESET,
  END_OTHER: RESET,
  TLS_TRUNCATED: RESET,
  LINK_CLOSED: RESET,
  LINK_PROTOCOL: RESET,
  LINK_CERTS: RESET,
  LINK_IDENTITY: RESET,
  LINK_VERSION: RESET,
  CELL_MALFORMED: RESET,
  CIRCUIT_HANDSHAKE: RESET,
  CIRCUIT_PROTOCOL: RESET,
  CIRCUIT_DESTROYED: RESET,
  CIRCUIT_TRUNCATED: RESET,
  CIRCUIT_CLOSED: RESET,
  CIRCUIT_FULL: RESET,
}

/** OpenSSL's own word for a certificate that is refused, where the runtime has given none. */
const CERTIFICATE = 'CERT_REJECTED'

/** The failure of a stream as Node's sockets would tell it. Its name is `Error`, as with them: libraries copy it. */
export class SocketFailure extends Error {
  /** Node's: `ECONNRESET`, `ETIMEDOUT`, `ENOTFOUND`, …; where Node has none, the same as `torCode`. */
  readonly code: string
  /** What went wrong, by our own word. */
  readonly torCode: ErrorCode
  /** The failure itself, with all that is known of it. */
  declare readonly cause: SocketError | TorError

  /** @param cause - what the stream failed with */
  constructor(cause: SocketError | TorError) {
    super(cause.message.replace(/^SocketError: /, ''), { cause })
    this.torCode = cause.code
    this.code = cause.code === 'TLS_CERTIFICATE' ? certificateCode(cause) : (NODE_CODES[cause.code] ?? cause.code)
  }
}

/** What a Duplex fails with in the place of what its socket failed with. Errors of others stay as they are. */
export function socketFailure(error: Error): Error {
  return error instanceof SocketError || error instanceof TorError ? new SocketFailure(error) : error
}

/** A failure of the runtime's TLS, whose messages name hosts, with its own code; anything of ours as it is. */
export function tlsSocketFailure(error: Error): Error {
  if (error instanceof SocketFailure || error instanceof TlsSocketFailure) return error
  const failure = socketFailure(error)
  return failure === error ? new TlsSocketFailure(error) : failure
}

/** A failure of TLS over a stream. */
class TlsSocketFailure extends Error {
  /** The runtime's: `ERR_TLS_CERT_ALTNAME_INVALID`, `CERT_HAS_EXPIRED`, … */
  readonly code: string

  constructor(error: Error) {
    const code = codeOf(error) ?? 'ERR_SSL_HANDSHAKE_FAILURE'
    super(`TLS failed: ${code}`, { cause: withheld(error) })
    this.code = code
  }
}

function certificateCode({ cause }: { readonly cause?: unknown }): string {
  return (cause instanceof WithheldError ? cause.code : undefined) ?? CERTIFICATE
}
