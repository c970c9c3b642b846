/**
 * What the application has of a stream without TLS. Its two Web Streams are made when first asked for; our own
 * fronts borrow the port below them, and then there are none to have.
 *
 * @module
 */
import type { BufferSource } from '../base/streams/buffer-source.ts'
import { lendPorts, type BytePort } from '../base/streams/byte-port.ts'
import type { StreamConstructors } from '../base/streams/stream-constructors.ts'
import { readableOf } from './bytes/readable.ts'
import { StreamPort } from './bytes/stream-port.ts'
import { writableOf } from './bytes/writable.ts'
import type { SocketInfo } from './contract/socket-info.ts'
import type { FaceOptions, StreamFace } from './contract/stream-face.ts'
import type { StreamController } from './stream-controller.ts'

type PairOptions = Pick<FaceOptions, 'streams' | 'readableType'>

/** The stream as it is. */
export class PlainFace implements StreamFace {
  static {
    lendPorts(PlainFace.prototype, (face) => face.lendPort())
  }

  readonly controller: StreamController
  readonly #options: PairOptions
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined
  #writable: WritableStream<BufferSource> | undefined
  /** Somebody has the port. */
  #isLent = false

  constructor(controller: StreamController, options: PairOptions) {
    this.controller = controller
    this.#options = options
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { streams, readableType } = this.#options
    return (this.#readable ??= this.#isLent
      ? lockedReadable(streams)
      : readableOf(this.controller.read, streams, readableType))
  }

  get writable(): WritableStream<BufferSource> {
    const { streams } = this.#options
    return (this.#writable ??= this.#isLent ? lockedWritable(streams) : writableOf(this.controller.write, streams))
  }

  get opened(): Promise<SocketInfo> {
    return this.controller.opened.promise
  }

  get closed(): Promise<void> {
    return this.controller.closed.promise
  }

  close(reason?: unknown): Promise<void> {
    this.controller.close(reason)
    return this.closed
  }

  lendPort(): BytePort | undefined {
    if (this.#isLent || this.#readable !== undefined || this.#writable !== undefined) return undefined
    this.#isLent = true
    return new StreamPort(this.controller.read, this.controller.write)
  }
}

// What a stream whose port was lent shows of itself.

function lockedReadable({ ReadableStream }: StreamConstructors): ReadableStream<Uint8Array<ArrayBuffer>> {
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>()
  readable.getReader()
  return readable
}

function lockedWritable({ WritableStream }: StreamConstructors): WritableStream<BufferSource> {
  const writable = new WritableStream<BufferSource>()
  writable.getWriter()
  return writable
}
