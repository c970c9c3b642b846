/**
 * Every error this library makes, and the one closed union of their codes.
 *
 * Bad arguments are the exception: they throw the built-in TypeError or RangeError, naming the argument, before
 * anything is sent. The value is in a property `input`, where no log shows it.
 *
 * No message names a host, an address or a path, nor does any property that is shown when an error is written down.
 *
 * @module
 */

/**
 * What went wrong, as a stable word to branch on. Messages may change from one release to the next; codes do not.
 *
 * - `CELL_MALFORMED`: bytes of a peer that are no well-formed cell or message
 * - `LINK_UNREACHABLE`: the connection to the first relay could not be made
 * - `LINK_TIMEOUT`: the connection to the first relay was not ready in time
 * - `LINK_CLOSED`: the connection to the first relay is gone
 * - `LINK_VERSION`: no link protocol version in common (tor-spec, "Negotiating versions")
 * - `LINK_CERTS`: the relay's certificates do not prove an identity (tor-spec, "CERTS cells")
 * - `LINK_IDENTITY`: the relay proved an identity, but not the one that was asked for
 * - `LINK_PROTOCOL`: the relay broke the link protocol
 * - `LINK_FORBIDDEN`: the rules of the page forbid the gateway; the message says what to change
 * - `LINK_OVERFLOW`: a gateway sent more on a link than was read, and the runtime could not tell it to wait
 * - `CIRCUIT_HANDSHAKE`: a hop's answer does not prove that it owns its onion key
 * - `CIRCUIT_TIMEOUT`: the circuit was not built in time
 * - `CIRCUIT_PROTOCOL`: a relay sent what is not legal in this state, from this hop; the circuit was closed for it
 * - `CIRCUIT_DESTROYED`: a relay closed the circuit (DESTROY); the reason is in the message and in `reason`
 * - `CIRCUIT_TRUNCATED`: a relay lost the rest of the circuit (TRUNCATED)
 * - `CIRCUIT_CLOSED`: the circuit was closed from this side
 * - `CIRCUIT_FULL`: no stream id is left on this circuit
 * - `END_…`: the far end closed the stream with this reason (tor-spec, "Closing streams"); `END_OTHER` is a reason
 *   without a name
 * - `ENDED`: a write after the far end finished (END with reason DONE)
 * - `CLOSED`: the stream was closed from this side
 * - `ABORTED`: the stream, circuit or channel was given up by an `AbortSignal` or `abort()`
 * - `TIMEOUT`: the far end did not answer a BEGIN or a RESOLVE in time
 * - `ADDRESS_REFUSED`: the exit says that it connected to an internal address, or to a family that was not asked for
 * - `RECEIVE_BUFFER_FULL`: the far end went on sending although it was told to stop, and more waited for the reader
 *   than `receiveBufferLimit` allows
 * - `CHUNK_DETACHED`: a chunk's buffer was transferred away while its write waited
 * - `TLS_UNSUPPORTED`: TLS on top of a stream was asked for where none is available
 * - `TLS_CERTIFICATE`: the server's certificate does not prove that it is who was asked for; nothing was sent to it
 * - `TLS_FAILED`: the TLS handshake came to nothing, or what came later is no TLS
 * - `TLS_TRUNCATED`: the connection ended without TLS having said so: what was read may not be all
 * - `HOOK_IGNORED`: a library that was given a hook of ours for its connections did not call it
 * - `RESOLVE_TRANSIENT`: the name could not be resolved now
 * - `RESOLVE_FAILED`: the name does not resolve
 * - `DIRECTORY_MALFORMED`: a consensus, certificate or microdescriptor that is not well-formed (dir-spec)
 * - `DIRECTORY_SIGNATURES`: not more than half of the known authorities signed the consensus
 * - `DIRECTORY_CERTIFICATE`: an authority's certificate is not the one that was asked for, is not certified by its
 *   identity, or does not hold now
 * - `DIRECTORY_EXPIRED`: the consensus stopped being valid more than 24 hours ago
 * - `DIRECTORY_FUTURE`: the consensus will only be valid more than 24 hours from now
 * - `DIRECTORY_DIGEST`: a document is not the one whose digest was asked for
 * - `DIRECTORY_TOO_LARGE`: a document is larger than any of its kind, perhaps only once it is decompressed
 * - `DIRECTORY_UNAVAILABLE`: none of the relays that were asked served the document
 * - `CLIENT_OBSOLETE`: the network requires a protocol version of its clients that this one does not speak
 * - `CLIENT_UNSUPPORTED`: the page or runtime lacks what a client needs; the message says what to change
 * - `STORAGE_UNSAFE`: the directory of a storage is not only the user's, and is not used
 * - `STORAGE_BUSY`: other processes hold the storage
 * - `STORAGE_UNAVAILABLE`: the browser has no database for this page, or the database does not answer
 * - `NO_PATH`: the directory has no relays that make the path that is needed
 * - `ONION_ADDRESS_INVALID`: a name that ends in `.onion` and is no address of an onion service
 * - `ONION_DESCRIPTOR_NOT_FOUND`: no directory has the onion service's descriptor, or none could be asked
 * - `ONION_DESCRIPTOR_INVALID`: one was served, and none that was is well-formed and the service's own
 * - `ONION_INTRODUCTION_FAILED`: none of the onion service's introduction points passes a client on
 * - `ONION_INTRODUCTION_TIMEOUT`: none of them answered in time
 * - `ONION_RENDEZVOUS_FAILED`: the onion service was told where to meet, and did not come or did not prove who it is
 * - `ONION_AUTHORIZATION_MISSING`, `ONION_AUTHORIZATION_WRONG`: the onion service speaks only to clients whose keys it
 *   knows, and no key was given, or another one
 */
export type ErrorCode =
  | 'CELL_MALFORMED'
  | 'LINK_UNREACHABLE'
  | 'LINK_TIMEOUT'
  | 'LINK_CLOSED'
  | 'LINK_VERSION'
  | 'LINK_CERTS'
  | 'LINK_IDENTITY'
  | 'LINK_PROTOCOL'
  | 'LINK_FORBIDDEN'
  | 'LINK_OVERFLOW'
  | 'CIRCUIT_HANDSHAKE'
  | 'CIRCUIT_TIMEOUT'
  | 'CIRCUIT_PROTOCOL'
  | 'CIRCUIT_DESTROYED'
  | 'CIRCUIT_TRUNCATED'
  | 'CIRCUIT_CLOSED'
  | 'CIRCUIT_FULL'
  | 'END_MISC'
  | 'END_RESOLVEFAILED'
  | 'END_CONNECTREFUSED'
  | 'END_EXITPOLICY'
  | 'END_DESTROY'
  | 'END_DONE'
  | 'END_TIMEOUT'
  | 'END_NOROUTE'
  | 'END_HIBERNATING'
  | 'END_INTERNAL'
  | 'END_RESOURCELIMIT'
  | 'END_CONNRESET'
  | 'END_TORPROTOCOL'
  | 'END_NOTDIRECTORY'
  | 'END_OTHER'
  | 'ENDED'
  | 'CLOSED'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'ADDRESS_REFUSED'
  | 'RECEIVE_BUFFER_FULL'
  | 'CHUNK_DETACHED'
  | 'TLS_UNSUPPORTED'
  | 'TLS_CERTIFICATE'
  | 'TLS_FAILED'
  | 'TLS_TRUNCATED'
  | 'HOOK_IGNORED'
  | 'RESOLVE_TRANSIENT'
  | 'RESOLVE_FAILED'
  | 'DIRECTORY_MALFORMED'
  | 'DIRECTORY_SIGNATURES'
  | 'DIRECTORY_CERTIFICATE'
  | 'DIRECTORY_EXPIRED'
  | 'DIRECTORY_FUTURE'
  | 'DIRECTORY_DIGEST'
  | 'DIRECTORY_TOO_LARGE'
  | 'DIRECTORY_UNAVAILABLE'
  | 'CLIENT_OBSOLETE'
  | 'CLIENT_UNSUPPORTED'
  | 'STORAGE_UNSAFE'
  | 'STORAGE_BUSY'
  | 'STORAGE_UNAVAILABLE'
  | 'NO_PATH'
  | 'ONION_ADDRESS_INVALID'
  | 'ONION_DESCRIPTOR_NOT_FOUND'
  | 'ONION_DESCRIPTOR_INVALID'
  | 'ONION_INTRODUCTION_FAILED'
  | 'ONION_INTRODUCTION_TIMEOUT'
  | 'ONION_RENDEZVOUS_FAILED'
  | 'ONION_AUTHORIZATION_MISSING'
  | 'ONION_AUTHORIZATION_WRONG'

/** One try to open a stream on one circuit that came to nothing. */
export interface StreamAttempt {
  /** What became of it. */
  readonly code: ErrorCode
  /** The reason byte of the END or DESTROY behind it, if there was one. */
  readonly reason: number | undefined
  /** The circuit's relays, guard first: 40 hexadecimal digits each. Empty when there was no circuit. */
  readonly fingerprints: readonly string[]
  /** When it failed, in ms after the stream was asked for. */
  readonly elapsed: number
}

/** What an error may carry beside its message. */
export interface TorErrorOptions {
  /** The error, or other reason, behind this one. */
  readonly cause?: unknown
  /** The reason byte of the DESTROY, TRUNCATED or END that a relay sent. */
  readonly reason?: number | undefined
}

const torErrorBrand = Symbol.for('tor-streams.TorError')
const socketErrorBrand = Symbol.for('tor-streams.SocketError')

/** True when `value` carries `brand`, also when another copy of this module made it. */
function isBranded(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
}

/**
 * A failure of a link, a circuit or a message on it. What leaves through a stream is a {@link SocketError} instead,
 * with the TorError as its `cause`.
 *
 * `instanceof` holds across two copies of this library in one process.
 */
export class TorError extends Error {
  /** `TorError`. */
  override readonly name: string = 'TorError'
  /** What went wrong; see {@link ErrorCode}. */
  readonly code: ErrorCode
  /** The reason byte of the DESTROY or TRUNCATED that a relay sent, if one did. */
  readonly reason: number | undefined

  constructor(code: ErrorCode, message: string, options: TorErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.reason = options.reason
    Object.defineProperty(this, torErrorBrand, { value: true })
  }

  /** True for what any copy of this class made. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(value, torErrorBrand)
  }
}

/** What a {@link SocketError} may carry beside its message. */
export interface SocketErrorOptions extends TorErrorOptions {
  /** Whom a certificate was to be for. */
  readonly hostname?: string | undefined
  /** The address that an END with reason EXITPOLICY names: what the exit resolved the host to. */
  readonly address?: string | undefined
  /** How long `address` holds, in seconds. */
  readonly ttl?: number | undefined
  /** Every try to open the stream, first to last. */
  readonly attempts?: readonly StreamAttempt[] | undefined
}

/**
 * A failure of one stream, as the WinterTC Sockets API has it: a TypeError whose message begins with "SocketError: ".
 * `opened`, `closed`, the readable and the writable of a stream fail with it.
 *
 * `instanceof` holds across two copies of this library in one process.
 */
export class SocketError extends TypeError {
  /** `SocketError`. */
  override readonly name: string = 'SocketError'
  /** What went wrong; see {@link ErrorCode}. */
  readonly code: ErrorCode
  /** The reason byte of the END that the far end sent, if one did (tor-spec, "Closing streams"). */
  readonly reason: number | undefined
  /** How long `address` holds, in seconds. */
  readonly ttl: number | undefined
  // What names a host, an address or a path is private behind a getter: so nothing shows it that prints the error.
  readonly #hostname: string | undefined
  readonly #address: string | undefined
  readonly #attempts: readonly StreamAttempt[]

  constructor(code: ErrorCode, message: string, options: SocketErrorOptions = {}) {
    super(`SocketError: ${message}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.reason = options.reason
    this.ttl = options.ttl
    this.#hostname = options.hostname
    this.#address = options.address
    this.#attempts = options.attempts ?? []
    Object.defineProperty(this, socketErrorBrand, { value: true })
  }

  /** Whom the certificate of `TLS_CERTIFICATE` was to be for. Not shown when the error is printed. */
  get hostname(): string | undefined {
    return this.#hostname
  }

  /** The address that an END with reason EXITPOLICY names. Not shown when the error is printed. */
  get address(): string | undefined {
    return this.#address
  }

  /**
   * Every try of a client to open the stream, first to last; empty for a stream on a circuit that the caller chose. Not
   * shown when the error is printed: it has the relays of each path.
   */
  get attempts(): readonly StreamAttempt[] {
    return this.#attempts
  }

  /** True for what any copy of this class made. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(value, socketErrorBrand)
  }
}
