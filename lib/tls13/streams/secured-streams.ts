/**
 * TLS 1.3 over any pair of streams, as a pair of streams. A read is what reads below, and a write lasts until it is taken
 * below. Once somebody reads, what arrives below is read ahead, within bounds, and opened together: so the next records are on their
 * way, and those before are opened, while what came first is dealt with. Each turn through a thread of WebCrypto has many.
 *
 * @module
 */
import { unlessAborts } from '../../base/waiting/abort.ts'
import { deferred, markHandled, type Deferred } from '../../base/waiting/deferred.ts'
import { SocketError } from '../../base/errors.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import type { ClientHello } from '../messages/client-hello.ts'
import type { Authenticate } from '../handshake.ts'
import { TlsClient, type Received } from '../tls-client.ts'
import { ReadAhead } from './read-ahead.ts'

/** What carries the records. */
export interface BytesBelow {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
}

/** A connection whose handshake is over. */
export interface SecuredStreams {
  /** What the server sends. It errors with `TLS_TRUNCATED` when the bytes below end before TLS does. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /** What goes to the server; closing it tells the server (close_notify). */
  readonly writable: WritableStream<Uint8Array>
  /** The protocol that the server chose by ALPN. */
  readonly alpn: string | undefined
  /** The server's certificates as DER, its own first: it proved that it holds that one's key. */
  readonly chain: readonly Uint8Array<ArrayBuffer>[]
  /**
   * Resolves once the server has said that this is the end, or nobody reads any more, and the writable is closed; then the
   * streams below are over. Rejects with the first failure of either side.
   */
  readonly closed: Promise<void>
  /** Ends both sides at once with this error, those below too. The server is not told. */
  fail(error: unknown): void
}

/** How much of a chunk is sealed before it goes below, in bytes: 16 records. */
const SLICE: number = 16 * 16_384

/**
 * Makes the handshake over `below`, whose streams are its own from then on.
 *
 * @param hello - what to offer
 * @param authenticate - whether the server may be who it should be; called once it is proven
 * @param signal - gives up, in the handshake
 * @throws SocketError (as a rejection) `TLS_FAILED` or `TLS_CERTIFICATE`; what `below` failed with; or the signal's reason.
 * Then both streams of `below` are over.
 */
export async function secureStreams(
  below: BytesBelow,
  hello: ClientHello,
  authenticate: Authenticate,
  signal: AbortSignal,
): Promise<SecuredStreams> {
  const pipe = new TlsPipe(below, new TlsClient(hello, authenticate))
  try {
    await unlessAborts(pipe.shakeHands(), [signal])
    return pipe.streams()
  } catch (error) {
    pipe.giveUp(error, signal.aborted)
    throw error
  }
}

/** A record with as much content is a chunk of its own, in bytes: a copy would cost more. */
const WORTH_A_CHUNK = 8_192

/** What is read: records that are small are joined. */
function* chunksOf(data: readonly Uint8Array<ArrayBuffer>[]): Generator<Uint8Array<ArrayBuffer>> {
  let small: Uint8Array<ArrayBuffer>[] = []
  for (const content of data) {
    if (content.length < WORTH_A_CHUNK) {
      small.push(content)
      continue
    }
    if (small.length > 0) yield joinBytes(small)
    small = []
    yield content
  }
  if (small.length > 0) yield joinBytes(small)
}

class TlsPipe {
  readonly #client: TlsClient
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>
  /** What was opened and not read. */
  #data: readonly Uint8Array<ArrayBuffer>[] = []
  /** What was read ahead below, and how it goes on. */
  readonly #below: ReadAhead
  /** What is received before it is asked for: whether there was anything. */
  #ahead: Promise<boolean> | undefined
  #hasEnded = false
  /** Nothing more is read: the server has ended, or the readable was cancelled. */
  #isRead = false
  /** The server was told that nothing follows. */
  #isWritten = false
  readonly #closed: Deferred<void> = deferred()
  /** What all ended with. */
  #failure: { readonly error: unknown } | undefined
  /** Errors what the application reads from. */
  #failReadable: (error: unknown) => void = () => undefined
  /** The flush that is under way, which the next one waits for. */
  #flushing: Promise<void> = Promise.resolve()
  /** The flush that has not begun. */
  #nextFlush: Promise<void> | undefined
  /** Ends the write or close that waits, whatever becomes of it below. */
  #rejectWait: ((error: unknown) => void) | undefined
  /** Errors what the application writes to. */
  #failWritable: (error: unknown) => void = () => undefined

  constructor({ readable, writable }: BytesBelow, client: TlsClient) {
    this.#client = client
    this.#reader = readable.getReader()
    this.#below = new ReadAhead(this.#reader)
    this.#writer = writable.getWriter()
    for (const promise of [this.#reader.closed, this.#writer.ready]) markHandled(promise)
    this.#writer.closed.catch((error: unknown) => this.#endWriting(error))
  }

  async shakeHands(): Promise<void> {
    await this.#flush()
    while (!this.#client.isOpen) {
      if (!(await this.#receive())) {
        throw new SocketError('TLS_FAILED', 'the server closed the connection in the TLS handshake')
      }
      await this.#flush()
    }
  }

  streams(): SecuredStreams {
    const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#failReadable = (error) => controller.error(error)
        },
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => this.#cancel(reason),
      },
      { highWaterMark: 0 },
    )
    const { writable, fail } = makeWritable<Uint8Array>({
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
      aborted: (reason) => {
        this.#closed.reject(reason)
        markHandled(this.#writer.abort(reason))
        this.#rejectWait?.(reason)
      },
    })
    this.#failWritable = fail
    // What came with the end of the handshake may have been at fault.
    if (this.#failure !== undefined) fail(this.#failure.error)
    return {
      readable,
      writable,
      alpn: this.#client.alpn,
      chain: this.#client.chain,
      closed: this.#closed.promise,
      fail: (error) => this.giveUp(error, true),
    }
  }

  /** It came to nothing: the server is told, unless nobody waits for that, and all streams end. */
  giveUp(error: unknown, atOnce: boolean): void {
    this.#failReadable(error)
    this.#endBelow(error, atOnce)
  }

  /** The same, but what was received before can still be read. */
  #endBelow(error: unknown, atOnce: boolean): void {
    this.#failure ??= { error }
    markHandled(this.#reader.cancel(error))
    this.#endWriting(error)
    // A server that takes nothing is not told either.
    const isStuck = (this.#writer.desiredSize ?? 0) <= 0
    const told = atOnce || isStuck ? Promise.resolve() : this.#flush()
    // The alert is a courtesy: whatever becomes of it, the stream ends with the reason that it had.
    const abort = (): void => markHandled(this.#writer.abort(error))
    told.then(abort, abort)
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#data.length === 0) {
      if (this.#hasEnded) return this.#ended(controller)
      const receiving = this.#ahead ?? this.#receive()
      this.#ahead = undefined
      if (!(await receiving)) {
        if (this.#failure !== undefined) throw this.#failure.error
        const error = new SocketError('TLS_TRUNCATED', 'the connection ended without the end of TLS (close_notify)')
        this.giveUp(error, false)
        throw error
      }
    }
    const data = this.#data
    this.#data = []
    for (const chunk of chunksOf(data)) controller.enqueue(chunk)
    if (this.#hasEnded) return
    this.#ahead = this.#receive()
    markHandled(this.#ahead) // the next pull looks at it
  }

  #ended(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    controller.close()
    this.#failReadable = () => undefined
    this.#isRead = true
    this.#settle()
  }

  async #cancel(reason: unknown): Promise<void> {
    const cancelled = this.#reader.cancel(reason)
    this.#isRead = true
    this.#settle()
    await cancelled
  }

  /** With both directions over, nothing below is waited for: what comes after the end is nobody's (6.1). */
  #settle(): void {
    if (!this.#isRead || !this.#isWritten) return
    this.#closed.resolve()
    markHandled(this.#reader.cancel())
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += SLICE) {
      this.#client.write(chunk.subarray(at, at + SLICE))
      await this.#wait(this.#flush())
    }
  }

  async #close(): Promise<void> {
    this.#client.end()
    await this.#wait(this.#flush().then(() => this.#writer.close()))
    this.#isWritten = true
    this.#settle()
  }

  /** What is done below, unless writing ends before: there is one write or close at a time. */
  #wait(below: Promise<void>): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#rejectWait = reject
      below.then(resolve, reject)
    })
  }

  #endWriting(error: unknown): void {
    this.#closed.reject(error)
    this.#failWritable(error)
    this.#rejectWait?.(error)
  }

  /** What has arrived below; false at its end. A fault of TLS ends the bytes below, too. */
  async #receive(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure.error
    const chunks = await this.#below.take(this.#client.isOpen).catch((error: unknown) => {
      this.#closed.reject(error)
      throw error
    })
    if (chunks.length === 0) return false
    let received: Received
    try {
      received = await this.#client.receive(...chunks)
    } catch (error) {
      this.#endBelow(error, false)
      throw error
    }
    this.#data = received.data
    this.#hasEnded = received.ended
    if (received.fault !== undefined) this.#endBelow(received.fault.error, false) // the next one throws it
    // An answer to a KeyUpdate, which waits for nobody: a fault of the writing side is told to whoever writes.
    if (this.#client.hasOutput) markHandled(this.#flush())
    return true
  }

  /** Hands on what is sealed, in order. While one waits below, all others are one, which takes what is there by then. */
  #flush(): Promise<void> {
    if (this.#nextFlush !== undefined) return this.#nextFlush
    const flush = this.#flushing.then(async () => {
      this.#nextFlush = undefined
      const bytes = await this.#client.takeOutput()
      if (bytes.length > 0) await this.#writer.write(bytes)
    })
    markHandled(flush)
    this.#flushing = flush
    this.#nextFlush = flush
    return flush
  }
}
