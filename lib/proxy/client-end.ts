/**
 * A client's connection to a proxy, both of its sides taken.
 *
 * @module
 */
import { markHandled } from '../base/waiting/deferred.ts'
import { bytePortOf, type BytePort } from '../base/streams/byte-port.ts'
import { NO_BYTES } from './handshake.ts'

/** A connection that a client of the proxy made. Only its bytes matter, not where they come from. */
export interface ProxyConnection {
  /** What the client sends. */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What goes to the client. Closing it must not cut off what was written; aborting it should be noticed by the client.
   */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
}

export class ClientEnd {
  readonly port: BytePort
  /** Made when first asked for, and why the connection was given up, boxed as it may be any value. */
  #gone: AbortController | undefined
  #givenUp: { readonly reason: unknown } | undefined
  #isDropped = false

  /** @throws TypeError when the connection has no streams, or when one of them is locked */
  constructor(connection: ProxyConnection) {
    this.port = bytePortOf(connection)
  }

  /** Aborted when the connection was given up. */
  get gone(): AbortSignal {
    this.#gone ??= new AbortController()
    if (this.#givenUp) this.#gone.abort(this.#givenUp.reason)
    return this.#gone.signal
  }

  /** Ends both sides at once, in a way that does not look like a clean end. Idempotent. */
  giveUp(reason: unknown): void {
    this.#givenUp ??= { reason }
    this.#gone?.abort(this.#givenUp.reason)
    this.port.cancel(reason)
    this.port.abort(reason)
  }

  /** Whether a read that came to the end has told of the client's: it has ended its side, or has left. */
  get hasLeft(): boolean {
    return !this.#isDropped && this.#givenUp === undefined
  }

  /** Takes no more of what the client sends. */
  dropInput(): void {
    this.#isDropped = true
    this.port.cancel()
  }

  /** Sends the last bytes and ends. Rejects when they cannot be sent. */
  async finish(last: Uint8Array = NO_BYTES): Promise<void> {
    if (last.length > 0) markHandled(this.port.write(last)) // the end rejects too
    const ended = this.port.end()
    this.dropInput()
    await ended
  }
}
