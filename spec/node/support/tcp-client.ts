/**
 * A client over a real TCP connection to this machine, in Node, Deno and Bun.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { latin1Text } from '../../../lib/proxy/text.ts'
import { bytes } from '../../proxy/support/handshakes.ts'

export class TcpClient {
  /** Resolves when the connection is gone: to its error, or to undefined after a clean end. */
  readonly closed: Promise<Error | undefined>
  readonly #socket: Socket
  #received = ''
  #ended = false
  #error: Error | undefined
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      const finish = (): void => {
        this.#ended = true
        this.#wake()
        resolve(this.#error)
      }
      socket.on('close', finish)
      socket.on('error', (error) => {
        this.#error = error
        socket.destroy() // Bun gives no 'close' by itself
      })
    })
    socket.on('data', (chunk: Uint8Array) => {
      this.#received += latin1Text(chunk)
      this.#wake()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Rejects when nobody listens. */
  static connect(port: number, host = '127.0.0.1'): Promise<TcpClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new TcpClient(socket))
      })
    })
  }

  send(text: string): void {
    this.#socket.write(bytes(text))
  }

  /** Ends this side only. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Reads no more, until `resume()`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The next `length` bytes, or fewer when the other side ends before. */
  async read(length: number): Promise<string> {
    while (this.#received.length < length && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const text = this.#received.slice(0, length)
    this.#received = this.#received.slice(length)
    return text
  }

  /** All until the other side ends. */
  readAll(): Promise<string> {
    return this.read(Infinity)
  }
}
