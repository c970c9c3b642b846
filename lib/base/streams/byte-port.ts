/**
 * Two directions of bytes without Web Streams around them: what our own fronts read from and write to. A socket that has
 * such a port underneath lends it, so that nobody pays for streams that nobody sees; any other pair of Web Streams is
 * made one. Backpressure, order and endings are those of the streams: a port is the same pair, held directly.
 *
 * @module
 */
import type { Why } from '../why.ts'
import { markHandled } from '../waiting/deferred.ts'
import type { BufferSource } from './buffer-source.ts'

/** One end of a connection. Reading and writing are independent of each other. */
export interface BytePort {
  /**
   * Resolves when all was read, or `cancel` was called; or to why nothing can be read any more. Never rejects: who only
   * has to know does not ask for the reason.
   */
  readonly readClosed: Promise<Why | undefined>
  /** Resolves to why nothing can be written any more, unless that is this side's own doing. Never rejects. */
  readonly writeClosed: Promise<Why>
  /**
   * The next bytes, never none, or undefined at the end and after `cancel`. One read at a time; it is the demand that the
   * far end's credit follows.
   */
  read(): Promise<Uint8Array | undefined>
  /** Takes no more: as `readable.cancel()`. A read that waits ends. */
  cancel(reason?: unknown): void
  /** Resolves when the bytes were taken: as a write of the writable. One write at a time. */
  write(bytes: Uint8Array): Promise<void>
  /** Writes no more: as `writable.close()`. It may be called while a write waits, and ends behind it. */
  end(): Promise<void>
  /** Gives up what waits to be written: as `writable.abort()`. */
  abort(reason: unknown): void
}

/** What a port is made of: a pair of streams, and perhaps a port below them (see {@link lendPorts}). */
export interface PortSource {
  /** What the far end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the far end. */
  readonly writable: WritableStream<BufferSource> | WritableStream<Uint8Array>
}

/** What lends a port: a property that nobody sees. */
const LENDER: unique symbol = Symbol('lends its port')

interface Lender extends PortSource {
  [LENDER]?(): BytePort | undefined
}

/**
 * Says that sockets of a class have ports to lend.
 *
 * @param lend - gives the port of a socket, once: from then on its streams are locked. Undefined when somebody has asked
 *   for one of the streams before
 */
export function lendPorts<Socket extends PortSource>(
  prototype: Socket,
  lend: (socket: Socket) => BytePort | undefined,
): void {
  Object.defineProperty(prototype, LENDER, {
    value(this: Socket) {
      return lend(this)
    },
  })
}

/**
 * The port of a pair of streams, which are locked from then on.
 *
 * @throws TypeError when there are no streams, or when one of them is locked
 */
export function bytePortOf(source: PortSource): BytePort {
  return (source as Lender)[LENDER]?.() ?? new StreamsPort(source)
}

const told =
  (reason: unknown): Why =>
  () =>
    reason

/** A port over any pair of Web Streams. */
class StreamsPort implements BytePort {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  readonly readClosed: Promise<Why | undefined>
  readonly writeClosed: Promise<Why>

  constructor({ readable, writable }: PortSource) {
    this.#reader = readable.getReader()
    this.#writer = (writable as WritableStream<Uint8Array>).getWriter() // no chunk of ours is shared memory
    // Failures are met where something is read or written, or watched for.
    this.readClosed = this.#reader.closed.then(() => undefined, told)
    this.writeClosed = new Promise((fail) => {
      this.#writer.closed.catch((reason: unknown) => fail(told(reason)))
    })
    markHandled(this.#writer.ready)
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) return undefined
      if (value.length > 0) return value
    }
  }

  cancel(reason?: unknown): void {
    markHandled(this.#reader.cancel(reason))
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes)
  }

  end(): Promise<void> {
    return this.#writer.close()
  }

  abort(reason: unknown): void {
    markHandled(this.#writer.abort(reason))
  }
}
