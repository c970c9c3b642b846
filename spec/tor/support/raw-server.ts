/**
 * A TCP server of few lines whose connections a spec ends as it likes.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A server on a port of 127.0.0.1. */
export class RawServer {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>

  /** Starts one that hands each connection to `onConnection`. */
  static async start(onConnection: (socket: Socket) => void): Promise<RawServer> {
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      // The far end may vanish in the middle of anything.
      socket.on('error', () => undefined)
      onConnection(socket)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new RawServer(server, sockets)
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    this.#sockets = sockets
  }

  /** Stops listening and cuts every connection. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
