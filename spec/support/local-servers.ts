/**
 * Servers on 127.0.0.1 that go by names which exist nowhere, and a WinterTC `connect` that knows them. Whoever does not
 * come through `connect` finds no such name.
 *
 * @module
 */
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTcp } from 'node:net'
import { SocketError } from '../../lib/base/errors.ts'

/** One stream, as `connect` gives it. */
export interface LocalSocket {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<{ readonly remoteAddress: string | undefined }>
  readonly closed: Promise<void>
  close(reason?: unknown): Promise<void>
}

/** What was asked of `connect`, oldest first, as `host:port`. */
export type Calls = string[]

/** Names and the ports of 127.0.0.1 behind them. */
export class LocalServers {
  readonly calls: Calls = []
  /** Streams that are neither closed nor failed. */
  open = 0
  readonly #ports = new Map<string, number>()
  readonly #servers: Server[] = []
  readonly #peers = new Set<Socket>()

  /** Starts `server` and gives it an address such as `target.test:80`. */
  async add(address: string, server: Server): Promise<void> {
    server.on('connection', (socket: Socket) => {
      this.#peers.add(socket)
      socket.on('close', () => this.#peers.delete(socket))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#servers.push(server)
    this.#ports.set(address, (server.address() as AddressInfo).port)
  }

  /** The port of 127.0.0.1 behind this address; one where nobody listens for another. */
  portOf(address: string): number {
    return this.#ports.get(address) ?? 1
  }

  /** How many connections the servers have. */
  get connections(): number {
    return this.#peers.size
  }

  /** Ends every connection from the servers' side, as a machine that falls over does. */
  reset(): void {
    for (const peer of this.#peers) peer.resetAndDestroy()
  }

  /** Stops the servers and their connections. */
  async stop(): Promise<void> {
    for (const peer of this.#peers) peer.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  /** A WinterTC `connect`. */
  readonly connect = ({ hostname, port }: { hostname: string; port: number }): LocalSocket => {
    const address = `${hostname}:${port}`
    this.calls.push(address)
    const found = this.#ports.get(address)
    this.open += 1
    const made = found === undefined ? refusedSocket() : tcpSocket(found)
    const leave = (): void => {
      this.open -= 1
    }
    made.closed.then(leave, leave)
    return made
  }
}

function refusedSocket(): LocalSocket {
  const error = new SocketError('END_RESOLVEFAILED', 'no such server')
  const failed = Promise.reject(error)
  failed.catch(() => undefined)
  return {
    readable: new ReadableStream({ start: (controller) => controller.error(error) }),
    writable: new WritableStream({ start: (controller) => controller.error(error) }),
    opened: failed,
    closed: failed,
    close: () => failed,
  }
}

/** A TCP connection whose two halves end and fail as a Tor stream's do. */
function tcpSocket(port: number): LocalSocket {
  const tcp = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
  tcp.pause()
  let failure: SocketError | undefined
  let isOver = false
  let written = false
  let wanted: (() => void) | undefined
  let readController: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  let writeController: WritableStreamDefaultController | undefined
  let settle!: { resolve(): void; reject(error: unknown): void }
  const closed = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  closed.catch(() => undefined)
  const opened = new Promise<{ remoteAddress: string }>((resolve, reject) => {
    tcp.once('connect', () => resolve({ remoteAddress: `192.0.2.1:${port}` }))
    closed.then(() => reject(new SocketError('CLOSED', 'closed')), reject)
  })
  opened.catch(() => undefined)

  const finish = (error?: SocketError): void => {
    if (isOver) return
    isOver = true
    tcp.destroy()
    wanted?.()
    const reason = error ?? new SocketError('ENDED', 'the far end has ended')
    try {
      if (error === undefined) readController?.close()
      else readController?.error(error)
    } catch {
      // It has been cancelled or has ended before.
    }
    if (!written) writeController?.error(reason)
    if (error === undefined) settle.resolve()
    else settle.reject(error)
  }
  tcp.on('error', (cause) => {
    failure ??= new SocketError('END_CONNRESET', 'the connection was reset', { cause })
  })
  tcp.on('close', () => finish(failure ?? new SocketError('END_CONNRESET', 'the connection is gone')))
  tcp.on('end', () => finish())
  tcp.on('data', (bytes) => {
    tcp.pause()
    readController?.enqueue(new Uint8Array(bytes))
    wanted?.()
  })

  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        readController = controller
      },
      pull: () =>
        new Promise<void>((resolve) => {
          wanted = resolve
          tcp.resume()
        }),
      cancel() {
        readController = undefined
        if (written) finish()
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<BufferSource>({
    start(controller) {
      writeController = controller
    },
    write: (chunk) =>
      new Promise((resolve, reject) => {
        const bytes = ArrayBuffer.isView(chunk)
          ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
          : new Uint8Array(chunk)
        tcp.write(bytes, (error) =>
          error
            ? reject(failure ?? new SocketError('END_CONNRESET', 'the connection was reset', { cause: error }))
            : resolve(),
        )
      }),
    close() {
      written = true
      if (readController === undefined) finish()
    },
    abort: () => finish(new SocketError('ABORTED', 'aborted')),
  })
  return {
    readable,
    writable,
    opened,
    closed,
    close() {
      if (!isOver) {
        isOver = true
        tcp.destroy()
        const error = new SocketError('CLOSED', 'closed')
        wanted?.()
        try {
          readController?.error(error)
        } catch {
          // It has ended before.
        }
        if (!written) writeController?.error(error)
        settle.resolve()
      }
      return closed
    },
  }
}
