/**
 * The connection of a visitor, who may not keep the server waiting for ever.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../base/waiting/clock.ts'
import { Connection } from '../http/connection/connection.ts'
import type { HttpSocket } from '../http/connection/http-socket.ts'
import { HttpError } from '../http/message/http-error.ts'

/** A connection whose reads and writes must not take too long. */
export class VisitorConnection extends Connection {
  readonly #clock: Clock
  readonly #idleTimeout: number

  /** @param idleTimeout - how long a read or a write may take, in ms */
  constructor(socket: HttpSocket, clock: Clock, idleTimeout: number) {
    super(socket)
    this.#clock = clock
    this.#idleTimeout = idleTimeout
  }

  /** See {@link Connection.fill}. */
  override fill(): Promise<boolean> {
    return this.#inTime(super.fill())
  }

  /** See {@link Connection.write}. */
  override write(bytes: Uint8Array): Promise<void> {
    return this.#inTime(super.write(bytes))
  }

  async #inTime<T>(step: Promise<T>): Promise<T> {
    const late = (): void => this.close(new HttpError('HTTP_TIMEOUT', 'the visitor keeps still for too long'))
    const stop = startBackgroundTimer(this.#clock, this.#idleTimeout, late)
    try {
      return await step
    } finally {
      stop()
    }
  }
}
