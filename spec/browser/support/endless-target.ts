/**
 * A server on 127.0.0.1 that sends for ever, as fast as its connection takes it, and knows how much that was.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const PIECE = new Uint8Array(65_536)
/** For so many looks in a row, so many ms apart, nothing may have been taken: then it stands still. */
const LOOKS = 40
const INTERVAL = 25

export class EndlessTarget {
  readonly port: number
  readonly #server: Server
  #socket: Socket | undefined

  static async start(): Promise<EndlessTarget> {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new EndlessTarget(server)
  }

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      this.#socket = socket
      socket.on('error', () => undefined) // The exit may break off.
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n')
        const pump = (): void => {
          while (!socket.destroyed && socket.write(PIECE));
        }
        socket.on('drain', pump)
        pump()
      })
    })
  }

  /** How many bytes the exit's side has taken so far. */
  get taken(): number {
    const socket = this.#socket
    return socket === undefined ? 0 : socket.bytesWritten - socket.writableLength
  }

  /** Resolves when nobody takes any more, with how much was taken. */
  async still(): Promise<number> {
    for (let before = -1, same = 0; same < LOOKS;) {
      await delay(INTERVAL)
      same = this.taken === before && before > 0 ? same + 1 : 0
      before = this.taken
    }
    return this.taken
  }

  /** Stops it, and cuts the connection. */
  async stop(): Promise<void> {
    this.#socket?.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
