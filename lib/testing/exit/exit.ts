/**
 * What a test relay connects streams to: functions of the user's, in place of the Internet.
 *
 * @module
 */
import type { ResolvedAnswer } from '../../cell/relay/resolve.ts'

/** Where a BEGIN asks to connect to. */
export interface StreamTarget {
  /** A hostname or an IP address, without brackets; lower case if the client sent it so. Empty for a BEGIN_DIR. */
  readonly host: string
  /** 1 to 65,535; 0 for a BEGIN_DIR. */
  readonly port: number
  /** The sum of the BEGIN's flags: 1 IPv6 will do, 2 IPv4 will not do, 4 IPv6 is better. */
  readonly flags: number
}

/** What an exit is asked to do. */
export interface ExitRequest extends StreamTarget {
  /** Aborts when the client gives the stream up, or the circuit goes, before there is a connection. */
  readonly signal: AbortSignal
}

/** A connection that an exit made, seen from the exit. */
export interface ExitConnection {
  /**
   * What the destination sends. Read only as the stream's and the circuit's package windows allow. Its end is an END
   * with DONE.
   */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What the destination receives. The exit acknowledges cells (stream SENDME) as fast as this takes them, and no
   * faster. It is closed when the client ends the stream and aborted when the circuit goes.
   */
  readonly writable: WritableStream<Uint8Array>
  /** The IP address that CONNECTED tells; without one CONNECTED has an empty body. */
  readonly address?: string | undefined
  /** For how long the address holds, in seconds. */
  readonly ttl?: number | undefined
}

/**
 * Connects a stream. To refuse it throw an {@link ExitRefusal}; anything else that is thrown ends the stream with
 * reason INTERNAL.
 */
export type ExitHandler = (request: ExitRequest) => ExitConnection | Promise<ExitConnection>

/**
 * Answers a RESOLVE. `name` may be a reverse name (`in-addr.arpa`). What it throws is answered as an error that is not
 * transient.
 */
export type ResolveHandler = (name: string) => readonly ResolvedAnswer[] | Promise<readonly ResolvedAnswer[]>

/**
 * What an exit handler throws to refuse a stream; `readable` may fail with one too, to end a stream with that reason.
 */
export class ExitRefusal extends Error {
  /** `ExitRefusal`. */
  override readonly name: string = 'ExitRefusal'
  /** The reason byte of the END (tor-spec, "Closing streams": 3 refused, 4 exit policy and so on). */
  readonly reason: number
  /** The address that an END with EXITPOLICY tells. */
  readonly address: string | undefined
  /** For how long it holds, in seconds. */
  readonly ttl: number | undefined

  constructor(
    reason: number,
    details: { readonly address?: string | undefined; readonly ttl?: number | undefined } = {},
  ) {
    super(`The exit refused the stream with reason ${reason}`)
    this.reason = reason
    this.address = details.address
    this.ttl = details.ttl
  }
}
