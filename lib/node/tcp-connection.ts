/**
 * A TCP connection that somebody made to this machine, as a byte port with backpressure both ways: what nobody asks for
 * soon holds the socket back, and a write lasts until the socket's own buffer has room. It is a pair of Web Streams for
 * whoever pipes.
 *
 * The connection is gone when both sides are done: at once when either was given up, otherwise after what was written
 * has been sent and the client has ended too. A client that then goes on sending is given `CLOSE_GRACE`, because
 * closing on unread bytes would destroy the last ones that are still on their way to it. One that has ended its own
 * side is waited for as long as it is sent something.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../base/waiting/clock.ts'
import { deferred, type Deferred } from '../base/waiting/deferred.ts'
import { joinBytes } from '../base/bytes/join-bytes.ts'
import { SocketError } from '../base/errors.ts'
import { madeOnce, type Why } from '../base/why.ts'
import { lendPorts, type BytePort } from '../base/streams/byte-port.ts'
import { streamsOver, type PortStreams } from '../base/streams/port-streams.ts'
import { withheld } from '../base/withheld.ts'

/** The part of a node:net socket that is used. */
export interface NetSocket {
  readonly destroyed: boolean
  on(event: string, listener: (value: never) => void): unknown
  /** Gives no bytes until `resume()`, nor the end behind them. */
  pause(): unknown
  resume(): unknown
  write(bytes: Uint8Array): boolean
  end(callback: () => void): unknown
  destroy(): unknown
  /** Closes so that the other end sees a failure. Not every runtime has it. */
  resetAndDestroy?(): unknown
  setNoDelay(on: boolean): unknown
}

/** How long a client may go on sending after its connection has ended on this side, in ms. */
export const CLOSE_GRACE = 2000

/** How much may wait for a read before the socket is held back, in bytes: what Node reads at once. */
export const HELD_BACK_AT: number = 64 * 1024

/** Times of a connection. */
export interface TcpConnectionOptions {
  /** How long a client that has ended its side is kept while nothing is sent to it, in ms. */
  readonly halfOpenTimeout: number
  readonly clock: Clock
}

const nobody = (): void => undefined

/** One connection. From now on the events of the socket belong to it. */
export class TcpConnection implements BytePort {
  static {
    lendPorts(TcpConnection.prototype, (connection) => connection)
  }

  readonly #socket: NetSocket
  readonly #options: TcpConnectionOptions
  readonly #closed: Deferred<void> = deferred()
  #streams: PortStreams | undefined
  /** Wake a read that waits for bytes, a write that waits for room, and an end that waits for what was written. */
  #wakeRead = nobody
  #wakeWrite = nobody
  #wakeEnd = nobody
  /** What waits for a read, and how many bytes that is. */
  #arrived: Uint8Array[] = []
  #waiting = 0
  #isHeldBack = false
  /** Nobody reads any more: what still comes is dropped. */
  #isDropping = false
  /** The client has ended its side. */
  #inputEnded = false
  /** All was written, and the end behind it. */
  #outputEnded = false
  #why: Why | undefined
  readonly #readClosed: Deferred<Why | undefined> = deferred()
  readonly #writeClosed: Deferred<Why> = deferred()
  #stopTimer: (() => void) | undefined

  constructor(socket: NetSocket, options: TcpConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    socket.on('data', (bytes: Uint8Array) => this.#take(bytes))
    socket.on('end', () => this.#ended())
    socket.on('drain', () => this.#wakeWrite())
    socket.on('error', (cause: unknown) =>
      this.#fail(() => new SocketError('CLOSED', 'the client broke the connection', { cause: withheld(cause) })),
    )
    socket.on('close', () => {
      if (!((this.#inputEnded || this.#isDropping) && this.#outputEnded))
        this.#fail(() => new SocketError('CLOSED', 'the connection to the client is closed'))
      this.#stopTimer?.()
      this.#closed.resolve()
    })
  }

  /** What the client sends, for who does not use the port. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#pair.readable
  }

  /** What goes to the client, for who does not use the port. */
  get writable(): WritableStream<Uint8Array> {
    return this.#pair.writable
  }

  /** Resolves when the socket is closed. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  get readClosed(): Promise<Why | undefined> {
    return this.#readClosed.promise
  }

  get writeClosed(): Promise<Why> {
    return this.#writeClosed.promise
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#isRead) return undefined
      if (this.#why) throw this.#why()
      if (this.#waiting > 0) return this.#give()
      await new Promise<void>((resolve) => {
        this.#wakeRead = resolve
      })
    }
  }

  cancel(): void {
    this.#isDropping = true
    if (this.#waiting > 0) this.#give() // what nobody reads is taken all the same, so that the end can come
    this.#wakeReader()
    this.#readClosed.resolve(undefined)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#why) throw this.#why()
    if (this.#inputEnded) this.#watchSilence()
    if (this.#socket.write(bytes)) return
    await new Promise<void>((resolve) => {
      this.#wakeWrite = resolve
    })
    this.#expectSent()
  }

  async end(): Promise<void> {
    if (this.#why) throw this.#why()
    this.#watchSilence()
    await new Promise<void>((resolve) => {
      this.#wakeEnd = resolve
      this.#socket.end(() => {
        this.#outputEnded = true
        resolve()
        if (this.#inputEnded && this.#waiting === 0) this.destroy()
        else this.#startTimer(CLOSE_GRACE)
      })
    })
    this.#expectSent()
  }

  abort(): void {
    this.destroy()
  }

  /** Gives up both sides at once; the client sees a failure where the runtime can show one. */
  destroy(): void {
    if (this.#socket.destroyed) return
    if (this.#socket.resetAndDestroy === undefined || this.#outputEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  get #pair(): PortStreams {
    return (this.#streams ??= streamsOver(this))
  }

  /** Nothing more is read. */
  get #isRead(): boolean {
    return this.#isDropping || (this.#inputEnded && this.#waiting === 0)
  }

  #take(bytes: Uint8Array): void {
    if (this.#isDropping) return
    this.#arrived.push(bytes)
    this.#waiting += bytes.length
    if (this.#waiting >= HELD_BACK_AT && !this.#isHeldBack) {
      this.#isHeldBack = true
      this.#socket.pause()
    }
    this.#wakeReader()
  }

  /** Once for each read that waits: a promise that is settled twice costs as much as one that is settled. */
  #wakeReader(): void {
    const wake = this.#wakeRead
    this.#wakeRead = nobody
    wake()
  }

  /** All that waits. */
  #give(): Uint8Array {
    const bytes = this.#arrived.length === 1 ? (this.#arrived[0] as Uint8Array) : joinBytes(this.#arrived)
    this.#arrived = []
    this.#waiting = 0
    if (this.#isHeldBack) {
      this.#isHeldBack = false
      this.#socket.resume()
    }
    if (this.#inputEnded) this.#allRead()
    return bytes
  }

  #ended(): void {
    this.#inputEnded = true
    if (this.#waiting > 0) return
    this.#wakeReader()
    this.#allRead()
  }

  /** The client has ended its side, and nothing of it waits. */
  #allRead(): void {
    this.#readClosed.resolve(undefined)
    if (this.#outputEnded) this.destroy()
    else this.#watchSilence()
  }

  /** Throws what befell the connection before all was sent. */
  #expectSent(): void {
    if (this.#why && !this.#outputEnded) throw this.#why()
  }

  /** One side has ended: from now on the other one must not rest for too long. */
  #watchSilence(): void {
    this.#startTimer(this.#options.halfOpenTimeout)
  }

  #startTimer(delay: number): void {
    this.#stopTimer?.()
    this.#stopTimer = startBackgroundTimer(this.#options.clock, delay, () => this.destroy())
  }

  /** Ends what is still open, and whatever waits. */
  #fail(make: () => SocketError): void {
    if (this.#why) return
    const why = (this.#why = madeOnce(make))
    for (const wake of [this.#wakeRead, this.#wakeWrite, this.#wakeEnd]) wake()
    this.#readClosed.resolve(why)
    if (!this.#outputEnded) this.#writeClosed.resolve(why)
    this.destroy()
  }
}
