/**
 * A WebSocket as a pair of streams. It has no backpressure of its own: what is to be sent waits for `bufferedAmount`, and
 * what arrives faster than it is read is bounded.
 *
 * @module
 */
import { startTimer, type Clock } from '../../base/clock.ts'
import { deferred, type Deferred } from '../../base/deferred.ts'
import { TorError } from '../../base/errors.ts'
import type { LinkBytes } from '../../platform/links/transport.ts'

/** The part of a WebSocket that is used. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
}

/** Makes one. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/** A write waits while more than this waits inside the WebSocket, in bytes. */
const SEND_LIMIT = 65_536

/** How often that is looked at, in ms: there is no event that tells. */
const SEND_POLL = 5

/** The most bytes of one message: gateways have limits. */
const MAX_MESSAGE = 32_768

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
  const onAbort = (): void => pipe.fail(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    await pipe.opened.promise
    return pipe.streams()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

class SocketPipe {
  readonly opened: Deferred<void> = deferred()
  readonly #socket: WebSocketLike
  readonly #limit: number
  readonly #clock: Clock
  /** Messages that have arrived, in order. */
  readonly #arrived: Uint8Array<ArrayBuffer>[] = []
  #arrivedBytes = 0
  #reading: ReadableStreamDefaultController<Uint8Array> | undefined
  #writing: WritableStreamDefaultController | undefined
  /** The reader waits for a message. */
  #pulled: Deferred<void> | undefined
  /** Rejects the write that waits. */
  #rejectWrite: ((reason: unknown) => void) | undefined
  #hasEnded = false
  #failure: { readonly reason: unknown } | undefined

  constructor(socket: WebSocketLike, { receiveBufferLimit, clock }: SocketOptions) {
    this.#socket = socket
    this.#limit = receiveBufferLimit
    this.#clock = clock
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.opened.resolve()
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#take(data)
    socket.onerror = () => undefined // a close follows, and tells as little
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
        cancel: (reason) => this.fail(reason),
      },
      { highWaterMark: 0 },
    )
    const writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writing = controller
        // Reaches a write that waits, too. The abort errors the stream itself.
        controller.signal.addEventListener('abort', () => {
          this.#writing = undefined
          this.fail(controller.signal.reason)
        })
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#socket.close(),
    })
    if (this.#failure) this.#tell(this.#failure.reason)
    return { readable, writable }
  }

  /** Gives up: both streams error. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined || this.#hasEnded) return
    this.#failure = { reason }
    this.#arrived.length = 0
    this.#socket.close()
    this.opened.reject(reason)
    this.#tell(reason)
  }

  #tell(reason: unknown): void {
    this.#reading?.error(reason)
    this.#writing?.error(reason)
    this.#rejectWrite?.(reason)
    this.#pulled?.resolve()
  }

  #take(data: unknown): void {
    if (this.#failure !== undefined) return
    if (!(data instanceof ArrayBuffer))
      return this.fail(new TorError('LINK_PROTOCOL', 'The gateway sent a text message'))
    if (data.byteLength === 0) return
    this.#arrived.push(new Uint8Array(data))
    this.#arrivedBytes += data.byteLength
    if (this.#arrivedBytes > this.#limit) {
      this.fail(
        new TorError('LINK_OVERFLOW', `more than ${this.#limit} bytes arrived from the gateway and were not read`),
      )
    }
    this.#pulled?.resolve()
  }

  async #pull(): Promise<void> {
    if (this.#arrived.length === 0 && !this.#hasEnded) {
      this.#pulled = deferred()
      await this.#pulled.promise
      this.#pulled = undefined
    }
    const next = this.#arrived.shift()
    if (next !== undefined) {
      this.#arrivedBytes -= next.length
      this.#reading?.enqueue(next)
    } else if (this.#hasEnded) {
      this.#reading?.close()
    }
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
      if (this.#failure) return reject(this.#failure.reason)
      const stop = startTimer(this.#clock, SEND_POLL, () => {
        this.#rejectWrite = undefined
        resolve()
      })
      this.#rejectWrite = (reason) => {
        stop()
        reject(reason)
      }
    })
  }

  #closed(code: number, reason: string): void {
    const text = reason === '' ? '' : `: ${JSON.stringify(reason)}`
    const failure = new TorError('LINK_CLOSED', `The gateway closed the connection (${code}${text})`)
    this.opened.reject(failure)
    // 1000 and 1001 are an end in good order (RFC 6455, section 7.4.1): what arrived before it is still read.
    if (code !== 1000 && code !== 1001) return this.fail(failure)
    this.#hasEnded = true
    this.#writing?.error(failure)
    this.#rejectWrite?.(failure)
    this.#pulled?.resolve()
  }
}
