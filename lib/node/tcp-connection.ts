/**
 * A TCP connection that somebody made to this machine, as a pair of Web Streams with backpressure both ways: no more is
 * read than is asked for, and a write lasts until the socket's own buffer has room.
 *
 * The connection is gone when both sides are done: at once when either was given up, otherwise after what was written
 * has been sent and the client has ended too. A client that then goes on sending is given `CLOSE_GRACE`, because
 * closing on unread bytes would destroy the last ones that are still on their way to it. One that has ended its own
 * side is waited for as long as it is sent something.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../base/clock.ts'
import { deferred, type Deferred } from '../base/deferred.ts'
import { SocketError } from '../base/errors.ts'
import { withheld } from '../base/withheld.ts'
import { makeWritable } from '../base/streams/writable.ts'

/** The part of a node:net socket that is used. */
export interface NetSocket {
  readonly destroyed: boolean
  on(event: string, listener: (value: never) => void): unknown
  read(): Uint8Array | null
  write(bytes: Uint8Array): boolean
  end(callback: () => void): unknown
  destroy(): unknown
  /** Closes so that the other end sees a failure. Not every runtime has it. */
  resetAndDestroy?(): unknown
  setNoDelay(on: boolean): unknown
}

/** How long a client may go on sending after its connection has ended on this side, in ms. */
export const CLOSE_GRACE = 2000

/** Times of a connection. */
export interface TcpConnectionOptions {
  /** How long a client that has ended its side is kept while nothing is sent to it, in ms. */
  readonly halfOpenTimeout: number
  readonly clock: Clock
}

/** One connection. From now on the events of the socket belong to it. */
export class TcpConnection {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly #socket: NetSocket
  readonly #options: TcpConnectionOptions
  readonly #closed: Deferred<void> = deferred()
  #incoming: ReadableStreamDefaultController<Uint8Array> | undefined
  readonly #failWritable: (error: SocketError) => void
  /** A read that waits for bytes, and a write or close that waits for the socket. */
  #wanted: Deferred<void> | undefined
  #sent: Deferred<void> | undefined
  /** The client has ended its side. */
  #inputEnded = false
  /** All was written, and the end behind it. */
  #outputEnded = false
  #stopTimer: (() => void) | undefined

  constructor(socket: NetSocket, options: TcpConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#incoming = controller
        },
        pull: () => this.#pull(),
        cancel: () => this.#discard(),
      },
      { highWaterMark: 0 },
    )
    const { writable, fail } = makeWritable<Uint8Array>({
      write: (bytes) => this.#write(bytes),
      close: () => this.#close(),
      aborted: () => this.destroy(),
    })
    this.writable = writable
    this.#failWritable = fail
    socket.on('readable', () => this.#deliver())
    socket.on('end', () => this.#ended())
    socket.on('drain', () => this.#sent?.resolve())
    socket.on('error', (cause: unknown) =>
      this.#fail(new SocketError('CLOSED', 'the client broke the connection', { cause: withheld(cause) })),
    )
    socket.on('close', () => {
      this.#fail(new SocketError('CLOSED', 'the connection to the client is closed'))
      this.#stopTimer?.()
      this.#closed.resolve()
    })
  }

  /** Resolves when the socket is closed. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Gives up both sides at once; the client sees a failure where the runtime can show one. */
  destroy(): void {
    if (this.#socket.destroyed) return
    if (this.#socket.resetAndDestroy === undefined || this.#outputEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  #pull(): Promise<void> {
    const wanted = deferred<void>()
    this.#wanted = wanted
    this.#deliver()
    return wanted.promise
  }

  #deliver(): void {
    const wanted = this.#wanted
    if (this.#incoming !== undefined && wanted === undefined) return
    const bytes = this.#socket.read()
    if (bytes === null) return
    if (this.#incoming === undefined) return this.#deliver() // cancelled: all is dropped, so that the end can come
    this.#wanted = undefined
    this.#incoming.enqueue(bytes)
    wanted?.resolve()
  }

  #ended(): void {
    this.#inputEnded = true
    const controller = this.#incoming
    this.#incoming = undefined
    controller?.close()
    this.#wanted?.resolve()
    if (this.#outputEnded) this.destroy()
    else this.#watchSilence()
  }

  /** Nobody reads any more. What still comes is dropped. */
  #discard(): void {
    this.#incoming = undefined
    this.#deliver()
  }

  #write(bytes: Uint8Array): Promise<void> | void {
    if (this.#inputEnded) this.#watchSilence()
    if (this.#socket.write(bytes)) return
    this.#sent = deferred()
    return this.#sent.promise
  }

  #close(): Promise<void> {
    const sent = deferred<void>()
    this.#sent = sent
    this.#watchSilence()
    this.#socket.end(() => {
      this.#outputEnded = true
      sent.resolve()
      if (this.#inputEnded) this.destroy()
      else this.#startTimer(CLOSE_GRACE)
    })
    return sent.promise
  }

  /** One side has ended: from now on the other one must not rest for too long. */
  #watchSilence(): void {
    this.#startTimer(this.#options.halfOpenTimeout)
  }

  #startTimer(delay: number): void {
    this.#stopTimer?.()
    this.#stopTimer = startBackgroundTimer(this.#options.clock, delay, () => this.destroy())
  }

  /** Ends what is still open, in both streams, and whatever waits. Of no effect on a stream that has ended. */
  #fail(error: SocketError): void {
    this.#incoming?.error(error)
    this.#incoming = undefined
    this.#wanted?.resolve()
    this.#sent?.reject(error)
    this.#failWritable(error)
    this.destroy()
  }
}
