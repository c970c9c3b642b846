/**
 * One Tor stream as a WinterTC socket: the thin public view of a {@link StreamController}.
 *
 * @module
 */
import { SocketError } from '../errors.ts'
import type { StreamCarrier } from './carrier.ts'
import { resolveStreamOptions, type StreamOptions } from './options.ts'
import { parseSocketAddress, type AnySocketAddress } from './socket-address.ts'
import { StreamController } from './stream-controller.ts'

/** What `opened` resolves to: the CONNECTED message, under the WinterTC names. */
export interface SocketInfo {
  /** `address:port` that the exit connected to, when it said so. */
  readonly remoteAddress: string | undefined
  /** Always undefined: no address of this side exists. */
  readonly localAddress: undefined
  /** Always undefined without TLS. */
  readonly alpn: undefined
  /** How long the exit's name lookup holds, in seconds, when it said so. */
  readonly ttl: number | undefined
}

/**
 * How far flow control has gone, for progress displays and diagnosis.
 */
export interface StreamWindows {
  /** DATA cells that may still be sent before a stream SENDME must come, 0 to 500. */
  readonly package: number
  /** DATA cells that may still arrive before a stream SENDME of ours, 0 to 500. */
  readonly deliver: number
}

/**
 * One Tor stream as a pair of native Web Streams.
 *
 * It is there at once, pending: bytes may be written before `opened` resolves. A write waits exactly while there is no
 * credit, and reading is what gives the far end credit. Tor has no half-close: see `endOnClose` and `linger` in
 * {@link StreamOptions}.
 *
 * ```ts
 * const socket = circuit.connect('example.com:80')
 * const writer = socket.writable.getWriter()
 * await writer.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'))
 * const text = await new Response(socket.readable).text()
 * await socket.close()
 * ```
 */
export class TorStream {
  readonly #controller: StreamController

  /**
   * @param carrier - the circuit, or what stands for it
   * @param address - where to go, or `'directory'` for the last relay's own directory (BEGIN_DIR)
   * @throws TypeError or RangeError naming the argument, before anything is sent
   * @throws SocketError `TLS_UNSUPPORTED` when `secureTransport` asks for TLS
   */
  constructor(carrier: StreamCarrier, address: AnySocketAddress, options: StreamOptions = {}) {
    const target = address === 'directory' ? address : parseSocketAddress(address)
    this.#controller = new StreamController(carrier, target, resolveStreamOptions(options))
  }

  /** What the far end sends. Reading it is what allows more to come. A byte stream where the runtime has them. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#controller.read.readable
  }

  /** What goes to the far end: any ArrayBuffer or view. A write resolves when its bytes are in cells. */
  get writable(): WritableStream<BufferSource> {
    return this.#controller.write.writable
  }

  /** Resolves when CONNECTED arrives; rejects with a {@link SocketError}. A rejection that nobody looks at is no unhandled one. */
  get opened(): Promise<SocketInfo> {
    return this.#controller.opened.promise
  }

  /** Resolves on a clean end from either side; rejects with a {@link SocketError}, also pre-handled. */
  get closed(): Promise<void> {
    return this.#controller.closed.promise
  }

  /** Always false: a socket upgrades by {@link startTls}. */
  get upgraded(): boolean {
    return false
  }

  /** Always `'off'`. */
  get secureTransport(): 'off' {
    return 'off'
  }

  /** Both flow-control windows now. */
  get windows(): StreamWindows {
    return { package: this.#controller.sendWindow.available, deliver: this.#controller.receiveWindow.available }
  }

  /**
   * Closes both sides at once: what `writable` accepted is sent, then END; unread input is dropped, pending reads end and
   * pending writes reject. Idempotent.
   *
   * @param reason - becomes the `cause` of what pending promises reject with
   * @returns `closed`
   */
  close(reason?: unknown): Promise<void> {
    this.#controller.close(reason)
    return this.closed
  }

  /**
   * TLS on top of this stream.
   *
   * @throws SocketError `TLS_UNSUPPORTED`: wrap the pair with a TLS library of your own
   */
  startTls(): never {
    throw new SocketError('TLS_UNSUPPORTED', 'the socket was not made with secureTransport "starttls"')
  }

  /** As {@link close}; a failure that `closed` tells does not mask the error of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => undefined) // see above
  }
}
