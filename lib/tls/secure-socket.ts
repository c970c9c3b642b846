/**
 * TLS on top of any WinterTC socket, as a WinterTC socket: there at once, pending; `opened` resolves after the
 * handshake.
 *
 * It adds no buffer of its own: a read is what reads below, and a write lasts until it is taken below. The handshake
 * begins at once, as what it sends may go out before the socket below is opened. Nothing of the application's is
 * written before the certificate has been checked.
 *
 * @module
 */
import type { BufferSource } from '../base/streams/buffer-source.ts'
import { startBackgroundTimer, startTimer, type Clock } from '../base/waiting/clock.ts'
import { type Deferred, deferred, markHandled } from '../base/waiting/deferred.ts'
import { SocketError } from '../base/errors.ts'
import { withheld } from '../base/withheld.ts'
import { closeReadable, makeReadable, type ReadableController } from '../base/streams/readable.ts'
import type { ReadableType, StreamConstructors } from '../base/streams/stream-constructors.ts'
import { makeWritable } from '../base/streams/writable.ts'
import type { TlsAdapter, TlsConnection, TlsRequest } from '../platform/tls/tls-adapter.ts'

/** The socket below, as far as it is used. */
export interface PlainSocket<Info> {
  /** What the far end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the far end. */
  readonly writable: WritableStream<BufferSource>
  /** Resolves when the far end is reached. */
  readonly opened: Promise<Info>
  /** Rejects when it fails, perhaps before what arrived earlier has been read. */
  readonly closed: Promise<unknown>
  /** Gives up both sides at once. */
  close(reason?: unknown): Promise<unknown>
}

/** What a {@link SecureSocket} is made with, beside the socket below. */
export interface SecureSettings extends Omit<TlsRequest, 'signal'> {
  readonly adapter: TlsAdapter
  /** What the streams are made with. */
  readonly streams: Pick<StreamConstructors, 'ReadableStream' | 'WritableStream'>
  /** Which kind of readable; a byte stream where there are any by default. */
  readonly readableType: ReadableType | undefined
  /** `writable.close()` tells the server at once, and not when the readable is done too. */
  readonly endOnClose: boolean
  /** How long the writable may rest after the readable was cancelled before both are closed, in ms. */
  readonly linger: number
  readonly clock: Clock
}

/** How long the end of TLS may take to leave before the socket below is closed over it, in ms. */
const CLOSE_GRACE = 5_000

/** A WinterTC socket with TLS. */
export class SecureSocket<Info extends object> {
  /** What the server sends, decrypted. It never ends unless the server has said that this is the end. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /** What goes to the server, in the clear. */
  readonly writable: WritableStream<BufferSource>
  readonly #below: PlainSocket<Info>
  readonly #settings: SecureSettings
  readonly #opened: Deferred<Info & { readonly alpn: string | undefined }> = deferred()
  readonly #closed: Deferred<void> = deferred()
  readonly #giveUp = new AbortController()
  /** The TLS connection's own streams, once the handshake is over. */
  readonly #inside: Promise<{
    readonly reader: ReadableStreamDefaultReader<Uint8Array>
    readonly writer: WritableStreamDefaultWriter<Uint8Array>
  }>
  #reading: ReadableController | undefined
  readonly #failWritable: (error: SocketError) => void
  /** The handshake is over. */
  #isOpen = false
  /** The application has closed the writable. */
  #isWritten = false
  /** The application has cancelled the readable. */
  #isCancelled = false
  #isWriting = false
  #stopLinger: (() => void) | undefined
  #isOver = false

  constructor(below: PlainSocket<Info>, settings: SecureSettings) {
    this.#below = below
    this.#settings = settings
    const { streams, readableType } = settings
    this.readable = makeReadable(
      {
        start: (controller) => {
          this.#reading = controller
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.#cancel(reason),
      },
      streams,
      readableType,
    )
    const { writable, fail } = makeWritable<BufferSource>(
      {
        write: (chunk) => this.#write(chunk),
        close: () => this.#writeEnd(),
        aborted: (cause) => void this.#fail(new SocketError('ABORTED', 'the stream was aborted', { cause })),
      },
      streams.WritableStream,
    )
    this.writable = writable
    this.#failWritable = fail
    const { serverName, alpn, ca } = settings
    const secured = settings.adapter.secure(below, { serverName, alpn, ca, signal: this.#giveUp.signal })
    this.#inside = secured.then(({ readable, writable }) => {
      const writer = writable.getWriter()
      markHandled(writer.closed)
      return { reader: readable.getReader(), writer }
    })
    markHandled(this.#inside)
    this.#open(secured).catch((error: unknown) => this.#fail(error))
    below.closed.catch((error: unknown) => this.#brokenBelow(error))
  }

  /** Resolves after the handshake; rejects with a SocketError: `TLS_…`, or what the socket below failed with. */
  get opened(): Promise<Info & { readonly alpn: string | undefined }> {
    return this.#opened.promise
  }

  /** Resolves on a clean end from either side, the server's once it has been read; rejects with a SocketError. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Closes both sides, after telling the server. Idempotent; returns `closed`. */
  close(reason?: unknown): Promise<void> {
    if (!this.#isOver) {
      const error = new SocketError(
        'CLOSED',
        'the stream was closed from this side',
        reason === undefined ? {} : { cause: reason },
      )
      this.#over()
      this.#opened.reject(error)
      this.#endReading()
      this.#endWriting(error)
      this.#closed.resolve()
      this.#leave(reason)
    }
    return this.closed
  }

  async #open(secured: Promise<TlsConnection>): Promise<void> {
    // A failure of the socket below is told as it is, before TLS complains about it.
    const [info, { alpn }] = await Promise.all([this.#below.opened, secured])
    if (this.#isOver) return
    this.#isOpen = true
    this.#opened.resolve({ ...info, alpn })
    this.#linger()
  }

  async #pull(): Promise<void> {
    try {
      const { reader } = await this.#inside
      for (;;) {
        const { done, value } = await reader.read()
        if (this.#isOver || this.#reading === undefined) return
        if (done) return this.#ended()
        // Of its own exact size, as a byte stream takes the whole buffer away.
        if (value.length > 0) return this.#reading.enqueue(new Uint8Array(value))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What the application no longer reads is still taken, so that the end is seen. */
  #cancel(reason: unknown): void {
    this.#reading = undefined
    this.#isCancelled = true
    if (this.#isWritten) return void this.close(reason)
    this.#linger()
    const drain = async (): Promise<void> => {
      const { reader } = await this.#inside
      for (;;) if ((await reader.read()).done) return this.#ended()
    }
    drain().catch((error: unknown) => this.#fail(error))
  }

  /** After the readable was cancelled an upload may go on, but not forever without a word. */
  #linger(): void {
    const { clock, linger } = this.#settings
    if (!this.#isCancelled || !this.#isOpen || this.#isOver) return
    this.#stopLinger?.()
    this.#stopLinger = startTimer(clock, linger, () => (this.#isWriting ? this.#linger() : void this.close()))
  }

  async #write(chunk: BufferSource): Promise<void> {
    const bytes = ArrayBuffer.isView(chunk)
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      : new Uint8Array(chunk)
    this.#isWriting = true
    try {
      const { writer } = await this.#inside
      if (bytes.length > 0) await writer.write(bytes)
    } catch (error) {
      throw this.#fail(error)
    } finally {
      this.#isWriting = false
      this.#linger()
    }
  }

  /**
   * Tor has no half-close, and servers take the end of TLS for the end of both: so it waits until the answer is read.
   */
  async #writeEnd(): Promise<void> {
    this.#isWritten = true
    try {
      const { writer } = await this.#inside
      if (this.#settings.endOnClose) await writer.close()
    } catch (error) {
      throw this.#fail(error)
    }
    if (this.#reading === undefined && !this.#isOver) void this.close()
  }

  /** The server has said that this is the end. */
  #ended(): void {
    if (this.#isOver) return
    this.#over()
    this.#endReading()
    this.#endWriting(new SocketError('ENDED', 'the far end has ended the stream'))
    this.#closed.resolve()
    this.#leave(undefined)
  }

  /** What has arrived can still be read, and the readable errors after that. A handshake says itself why it failed. */
  #brokenBelow(cause: unknown): void {
    const tell = (): void => {
      if (this.#isOver) return
      const error = socketErrorOf(cause)
      this.#closed.reject(error)
      this.#endWriting(error)
    }
    this.#inside.then(tell, () => undefined)
  }

  /** Everything fails with this, or with what came before. Returns it as a SocketError. */
  #fail(cause: unknown): SocketError {
    const error = socketErrorOf(cause)
    if (this.#isOver) return error
    this.#over()
    this.#opened.reject(error)
    this.#reading?.error(error)
    this.#reading = undefined
    this.#endWriting(error)
    this.#closed.reject(error)
    this.#giveUp.abort(error)
    markHandled(this.#below.close(error))
    return error
  }

  #over(): void {
    this.#isOver = true
    this.#stopLinger?.()
  }

  #endReading(): void {
    const reading = this.#reading
    this.#reading = undefined
    if (reading !== undefined) closeReadable(reading)
  }

  #endWriting(error: SocketError): void {
    if (!this.#isWritten) this.#failWritable(error)
  }

  /** Tells the server that this is the end, if it still takes it, and closes the socket below. */
  #leave(reason: unknown): void {
    const close = (): void => {
      stopTimer()
      this.#giveUp.abort(reason)
      markHandled(this.#below.close(reason))
    }
    const stopTimer = startBackgroundTimer(this.#settings.clock, CLOSE_GRACE, close)
    if (this.#isOpen) this.#inside.then(({ writer }) => writer.close()).then(close, close)
    else close()
  }
}

/** The SocketError that this is, or that is behind it; else one that says that TLS failed. */
function socketErrorOf(cause: unknown): SocketError {
  for (let error = cause, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if (error instanceof SocketError) return error
  }
  return new SocketError('TLS_FAILED', 'TLS failed', { cause: withheld(cause) })
}
