/**
 * A TCP server that does not read, for specs of backpressure.
 *
 * Node cannot set the size of a socket's buffers, and the sender's buffer on loopback is the larger part: until it is
 * full, the kernel takes about 4 MB from an exit. With `ConstrainedSockets 1` and `ConstrainedSockSize 8 KB` among the
 * `exitOptions` of the network it takes about 150 kB.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Received } from './http-target.ts'

/** A server on a port of 127.0.0.1 that accepts one connection and leaves it alone until it is told to read. */
export class StalledServer {
  readonly port: number
  readonly #server: Server
  readonly #socket: Promise<Socket>
  readonly #stopped = new AbortController()

  static async start(): Promise<StalledServer> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.maxConnections = 1
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new StalledServer(server)
  }

  private constructor(server: Server) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    this.#socket = once(server, 'connection', { signal: this.#stopped.signal }).then(([socket]) => socket as Socket)
    // Nobody need ever ask for the connection.
    this.#socket.catch(() => undefined)
  }

  /** Resolves when the connection is there. Rejects when the server is stopped before. */
  async connected(): Promise<void> {
    await this.#socket
  }

  /**
   * Reads the connection to its end, then closes it from this side too. Resolves with what came in all; rejects when
   * the connection was reset or the server stopped. To be called once.
   */
  async resume(): Promise<Received> {
    const socket = await this.#socket
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of socket as AsyncIterable<Buffer>) {
      bytes += piece.length
      hash.update(piece)
    }
    return { bytes, sha256: hash.digest('hex') }
  }

  /** Stops listening and cuts the connection. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#stopped.abort()
    await this.#socket.then(
      (socket) => socket.destroy(),
      // There was no connection.
      () => undefined,
    )
    await closed
  }
}
