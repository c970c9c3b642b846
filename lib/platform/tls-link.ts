/**
 * A connected TLS socket as a {@link Link}: its bytes as Web Streams, with backpressure both ways.
 *
 * - The readable has a high-water mark of 0 and an inbox of its own: what arrives during one turn of the event loop leaves as
 *   one chunk, because decryption is much faster on large batches. The socket pauses while the inbox is full.
 * - The writable has a high-water mark of one chunk and hands it to the socket at once; the write lasts until the socket's
 *   own buffer has drained, so no more than one write and that buffer wait here.
 *
 * @module
 */
import { type Clock, systemClock } from '../clock.ts'
import { TorError } from '../errors.ts'
import type { Link } from './platform.ts'

/** What holds the connection back or gives it up: the TLS socket itself, or what is under it. */
export interface LinkControl {
  /** Reads no more from the network. */
  pause(): unknown
  resume(): unknown
  /** Lets the process end although the connection is open. */
  unref(): unknown
  destroy(): unknown
}

/** The part of a node:tls socket that a link needs. */
export interface TlsSocket extends LinkControl {
  readonly destroyed: boolean
  on(event: string, listener: (value: never) => void): unknown
  off(event: string, listener: (value: never) => void): unknown
  write(bytes: Uint8Array): boolean
  end(callback: () => void): unknown
  setNoDelay(on: boolean): unknown
  getPeerCertificate(): { readonly raw?: Uint8Array }
}

/** The longest chunk that leaves, in bytes: about 128 cells, where larger batches gain nothing more. */
export const LARGEST_CHUNK: number = 64 * 1024

/** How many bytes may wait for the reader before the socket pauses. */
export const INBOX_LIMIT: number = 256 * 1024

/** How long a closing link may take to send what the socket holds, in milliseconds. A write that waits is aborted, not closed. */
export const CLOSE_GRACE = 2000

/** Wraps a socket whose handshake is complete. From now on its events belong to the link. */
export function linkOf(
  socket: TlsSocket, control: LinkControl, peerCertificate: Uint8Array, clock: Clock = systemClock,
): Link {
  const inbox = new Inbox(control)
  let open = true
  let failure: TorError | undefined
  let writer: WritableStreamDefaultController | undefined
  /** The write that waits for the socket to drain. */
  let drained: Waiter | undefined
  /** The close that waits for the socket to have sent everything. */
  let finished: Waiter | undefined

  /** Ends both directions. What has arrived can still be read. */
  const shut = (): void => {
    if (!open) return
    open = false
    socket.destroy()
    control.destroy()
    const error = failure ?? closedError()
    drained?.reject(error)
    finished?.reject(error)
    writer?.error(error)
    inbox.end(failure)
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      inbox.controller = controller
    },
    pull: () => inbox.pull(),
    cancel() {
      inbox.cancel()
      shut()
    },
  }, { highWaterMark: 0 })

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      writer = controller
      // Also reaches a write() or close() that still waits, which the sink's abort() does not.
      controller.signal.addEventListener('abort', () => {
        // The abort errors the stream itself; Node 20 fails an assertion when it is errored in here.
        writer = undefined
        shut()
      })
    },
    write(bytes) {
      if (socket.destroyed) throw failure ?? closedError()
      if (socket.write(bytes)) return
      return new Promise<void>((resolve, reject) => {
        drained = { resolve, reject }
      })
    },
    close() {
      // The process need not live on for bytes that the relay does not take.
      control.unref()
      const cancelTimer = clock.after(CLOSE_GRACE, shut)
      return new Promise<void>((resolve, reject) => {
        finished = { resolve, reject }
        socket.end(resolve)
      }).finally(() => {
        cancelTimer()
        shut()
      })
    },
  })

  socket.on('error', (cause: unknown) => {
    failure ??= new TorError('LINK_CLOSED', 'The connection to the relay failed', { cause })
    shut()
  })
  // When the relay has ended its side nothing more is of use to it, and Deno may give no 'close'.
  socket.on('end', shut)
  socket.on('close', shut)
  socket.on('drain', () => {
    drained?.resolve()
    drained = undefined
  })
  socket.on('data', (bytes: Uint8Array) => inbox.push(bytes))
  return { readable, writable, peerCertificate }
}

/** What settles a promise of the writable. */
interface Waiter {
  resolve(): void
  reject(error: TorError): void
}

const closedError = (): TorError => new TorError('LINK_CLOSED', 'The connection to the relay is closed')

const setImmediate = (callback: () => void): void => {
  (globalThis as unknown as { setImmediate(callback: () => void): unknown }).setImmediate(callback)
}

/** What has arrived and the reader has not taken yet. */
class Inbox {
  controller: ReadableStreamDefaultController<Uint8Array> | undefined
  readonly #control: LinkControl
  readonly #chunks: Uint8Array[] = []
  #size = 0
  /** A read waits for bytes. */
  #demand = false
  /** A delivery at the end of this turn is arranged. */
  #scheduled = false
  #paused = false
  #ended = false
  #failure: TorError | undefined

  constructor(control: LinkControl) {
    this.#control = control
  }

  push(bytes: Uint8Array): void {
    if (this.controller === undefined) return
    this.#chunks.push(bytes)
    this.#size += bytes.length
    if (this.#size >= INBOX_LIMIT && !this.#paused) {
      this.#paused = true
      this.#control.pause()
    }
    if (this.#demand && !this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#deliver()
      })
    }
  }

  pull(): void {
    this.#demand = true
    if (!this.#scheduled) this.#deliver()
  }

  /** No more will arrive. What is here is still delivered. */
  end(failure: TorError | undefined): void {
    this.#ended = true
    this.#failure = failure
    this.#deliver()
  }

  cancel(): void {
    this.controller = undefined
    this.#chunks.length = 0
    this.#size = 0
  }

  #deliver(): void {
    if (this.controller === undefined) return
    if (this.#size > 0) {
      if (!this.#demand) return
      // Cleared first: enqueue() may call pull() before it returns.
      this.#demand = false
      const chunk = this.#take()
      if (this.#paused && this.#size < INBOX_LIMIT / 2) {
        this.#paused = false
        this.#control.resume()
      }
      this.controller.enqueue(chunk)
    }
    if (this.#ended && this.#size === 0) this.#finish()
  }

  #finish(): void {
    const controller = this.controller
    this.controller = undefined
    if (this.#failure === undefined) controller?.close()
    else controller?.error(this.#failure)
  }

  /** Takes the longest chunk there may be, in a buffer of its own unless it is what the socket gave. */
  #take(): Uint8Array {
    const size = Math.min(this.#size, LARGEST_CHUNK)
    this.#size -= size
    const first = this.#chunks[0] as Uint8Array
    if (first.length >= size) {
      if (first.length === size) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(size)
      return new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, size)
    }
    const whole = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const chunk = this.#chunks[0] as Uint8Array
      const part = chunk.subarray(0, size - at)
      whole.set(part, at)
      at += part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
    return whole
  }
}
