/**
 * What HTTP asks of a connection: the part of a WinterTC socket that it uses.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'

/** A connection: a WinterTC socket, or what is like one. */
export interface HttpSocket {
  /** What the far end sends. Read only as fast as the body is. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> | ReadableStream<Uint8Array>
  /** What goes to the far end. Bytes may be written before `opened` resolves. */
  readonly writable: WritableStream<BufferSource> | WritableStream<Uint8Array>
  /** Resolves when the connection stands. */
  readonly opened: Promise<unknown>
  /** Settles when it is over. */
  readonly closed: Promise<unknown>
  /** Closes both sides at once. */
  close(reason?: unknown): Promise<unknown>
  /** True when nothing new should use it, as whoever made it has taken another identity; asked before each use. */
  readonly outdated?: boolean | undefined
}
