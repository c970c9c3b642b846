/**
 * A TCP server that does not read, for specs of backpressure.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Received } from './http-target.ts'

export class StalledServer {
  readonly port: number
  /** Resolves when a connection has come. Only the first is served. */
  readonly connected: Promise<void>
  readonly #server: Server
  readonly #socket: Promise<Socket>

  static async start(): Promise<StalledServer> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new StalledServer(server)
  }

  private constructor(server: Server) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    this.#socket = once(server, 'connection').then(([socket]) => socket as Socket)
    this.connected = this.#socket.then(() => undefined)
  }

  /** Reads the connection to its end. Resolves with what came; rejects when the connection was reset. */
  async resume(): Promise<Received> {
    const socket = await this.#socket
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of socket) {
      bytes += (piece as Buffer).length
      hash.update(piece as Buffer)
    }
    socket.end()
    return { bytes, sha256: hash.digest('hex') }
  }
}
