/**
 * A WebSocket as a pair of streams. It has no backpressure of its own: what is to be sent waits for `bufferedAmount`, and
 * what arrives faster than it is read is bounded.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import type { LinkBytes } from '../../platform/links/transport.ts'
import { closedByGateway, endsInGoodOrder, MAX_MESSAGE, sentText } from './gateway-ends.ts'

/** The part of a WebSocket that is used. */
export interface WebSocketLike {
  /** What messages are given as; set to `arraybuffer`. */
  binaryType: string
  /** How many bytes wait inside it to be sent. */
  readonly bufferedAmount: number
  /** Called when it is open. */
  onopen: ((event: never) => void) | null
  /** Called with each message, as `data`. */
  onmessage: ((event: never) => void) | null
  /** Called when it fails; a close may follow. */
  onerror: ((event: never) => void) | null
  /** Called when it is over, with `code` and `reason`. */
  onclose: ((event: never) => void) | null
  /** Sends one message. */
  send(data: Uint8Array<ArrayBuffer>): void
  /** Closes it. */
  close(): void
}

/** Makes one. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/** A write waits while more than this waits inside the WebSocket, in bytes. */
const SEND_LIMIT = 65_536

/** How often that is looked at, in ms: there is no event that tells. */
const SEND_POLL = 5

/** The longest chunk that is made of several messages, in bytes: TLS opens the records of one chunk together. */
const CHUNK = 65_536

/** What a message that waits costs beside its bytes: without that, messages of one byte would fill the memory. */
export const MESSAGE_COST: number = 256

/** What {@link openBySocket} is to obey. */
export interface SocketOptions {
  readonly receiveBufferLimit: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Resolves when the gateway has connected. Rejects when it has not, or `signal` aborts; then nothing stays open. */
export async function openBySocket(
  WebSocket: WebSocketConstructor,
  url: URL,
  protocols: readonly string[],
  options: SocketOptions,
): Promise<LinkBytes> {
  const { signal } = options
  const pipe = new SocketPipe(new WebSocket(url.href, [...protocols]), options)
  const forget = onAbort(signal, () => pipe.fail(signal.reason))
  try {
    await pipe.opened.promise
    signal.throwIfAborted() // in the very turn in which it opened
    return pipe.streams()
  } finally {
    forget()
  }
}

class SocketPipe {
  readonly opened: Deferred<void> = deferred()
  readonly #socket: WebSocketLike
  readonly #limit: number
  readonly #clock: Clock
  /** Messages that have arrived, in order, none of them empty. */
  #arrived: Uint8Array<ArrayBuffer>[] = []
  /** What they cost. */
  #waiting = 0
  #reading: ReadableStreamDefaultController<Uint8Array> | undefined
  #failWritable: ((reason: unknown) => void) | undefined
  /** The reader waits for a message. */
  #pulled: Deferred<void> | undefined
  /** Rejects the write that waits. */
  #rejectWrite: ((reason: unknown) => void) | undefined
  #isOpen = false
  #hasEnded = false
  #failure: { readonly reason: unknown } | undefined

  constructor(socket: WebSocketLike, { receiveBufferLimit, clock }: SocketOptions) {
    this.#socket = socket
    this.#limit = receiveBufferLimit
    this.#clock = clock
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#isOpen = true
      this.opened.resolve()
    }
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#take(data)
    socket.onerror = () => {
      // A close follows, and tells as little. But none does where Chromium's policies for pages forbid the connection.
      if (!this.#isOpen) this.fail(closedByGateway(1006))
    }
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      this.#closed(code, reason)
  }

  streams(): LinkBytes {
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#reading = controller
        },
        pull: () => this.#pull(),
        cancel: () => this.fail(new TorError('LINK_CLOSED', 'The connection to the gateway was given up')),
      },
      { highWaterMark: 0 },
    )
    const { writable, fail } = makeWritable<Uint8Array>({
      write: (chunk) => this.#write(chunk),
      close: () => this.#socket.close(),
      aborted: (reason) => this.fail(reason),
    })
    this.#failWritable = fail
    // It may have ended since it opened.
    if (this.#failure !== undefined) this.#tell(this.#failure.reason)
    else if (this.#hasEnded) fail(closedByGateway())
    return { readable, writable }
  }

  /** Gives up: both streams error, and what has arrived is let go. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { reason }
    this.#arrived = []
    this.#waiting = 0
    this.#socket.close()
    this.opened.reject(reason)
    this.#tell(reason)
  }

  #tell(reason: unknown): void {
    this.#reading?.error(reason)
    this.#failWritable?.(reason)
    this.#rejectWrite?.(reason)
    this.#pulled?.resolve()
  }

  #take(data: unknown): void {
    if (this.#failure !== undefined) return
    if (!(data instanceof ArrayBuffer)) return this.fail(sentText())
    if (data.byteLength === 0) return
    this.#arrived.push(new Uint8Array(data))
    this.#waiting += data.byteLength + MESSAGE_COST
    if (this.#waiting > this.#limit) {
      const message = `more than ${this.#limit} bytes arrived from the gateway and were not read`
      return this.fail(new TorError('LINK_OVERFLOW', message))
    }
    this.#pulled?.resolve()
  }

  async #pull(): Promise<void> {
    if (this.#arrived.length === 0 && !this.#hasEnded) {
      this.#pulled = deferred()
      await this.#pulled.promise
      this.#pulled = undefined
    }
    if (this.#arrived.length > 0) this.#reading?.enqueue(this.#next())
    else if (this.#failure === undefined) this.#reading?.close()
  }

  /** The next chunk: one message, or as many as make no more than {@link CHUNK}. */
  #next(): Uint8Array<ArrayBuffer> {
    let count = 0
    let length = 0
    for (const message of this.#arrived) {
      if (count > 0 && length + message.length > CHUNK) break
      count += 1
      length += message.length
    }
    this.#waiting -= length + count * MESSAGE_COST
    const messages = this.#arrived.splice(0, count)
    return count === 1 ? (messages[0] as Uint8Array<ArrayBuffer>) : joinBytes(messages)
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += MAX_MESSAGE) {
      // A copy: the runtime may read it later, and a view of shared memory is refused.
      this.#socket.send(new Uint8Array(chunk.subarray(at, at + MAX_MESSAGE)))
      while (this.#socket.bufferedAmount > SEND_LIMIT) await this.#pollLater()
    }
  }

  #pollLater(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = startTimer(this.#clock, SEND_POLL, () => {
        this.#rejectWrite = undefined
        resolve()
      })
      this.#rejectWrite = (reason) => {
        this.#rejectWrite = undefined
        stop()
        reject(reason)
      }
    })
  }

  #closed(code: number, reason: string): void {
    if (this.#failure !== undefined) return
    const failure = closedByGateway(code, reason)
    this.opened.reject(failure)
    if (!endsInGoodOrder(code)) return this.fail(failure)
    this.#hasEnded = true
    this.#failWritable?.(failure)
    this.#rejectWrite?.(failure)
    this.#pulled?.resolve()
  }
}
