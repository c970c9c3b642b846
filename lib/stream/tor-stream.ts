/**
 * One Tor stream as a WinterTC socket: the thin public view of a {@link StreamController}.
 *
 * @module
 */
import type { BufferSource } from '../base/streams/buffer-source.ts'
import { lendPorts } from '../base/streams/byte-port.ts'
import { SocketError } from '../base/errors.ts'
import type { StreamCarrier } from './contract/carrier.ts'
import { resolveStreamOptions, type StreamOptions } from './options.ts'
import type { SocketCircuit, SocketInfo, StreamWindows } from './contract/socket-info.ts'
import type { StreamFace, StreamTls } from './contract/stream-face.ts'
import { parseSocketAddress, type AnySocketAddress } from './socket-address.ts'
import { PlainFace } from './plain-face.ts'
import { StreamController } from './stream-controller.ts'
import type { SecureTransport } from '../tls/options.ts'

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
  static {
    lendPorts(TorStream.prototype, (stream) => stream.#face.lendPort?.())
  }

  readonly #plain: PlainFace
  readonly #face: StreamFace
  /** What `startTls()` makes the next one of. */
  readonly #made: readonly [carrier: StreamCarrier, address: AnySocketAddress, options: StreamOptions]
  readonly #tls: StreamTls | undefined
  readonly #secureTransport: SecureTransport
  #upgraded = false

  /**
   * @param carrier - the circuit, or what stands for it
   * @param address - where to go, or `'directory'` for the last relay's own directory (BEGIN_DIR)
   * @throws TypeError or RangeError naming the argument, before anything is sent
   * @param below - @internal the stream that TLS is now on top of
   * @throws SocketError `TLS_UNSUPPORTED` when `secureTransport` asks for TLS where there is none
   */
  constructor(carrier: StreamCarrier, address: AnySocketAddress, options: StreamOptions = {}, below?: PlainFace) {
    const target = address === 'directory' ? address : parseSocketAddress(address)
    const resolved = resolveStreamOptions(options)
    this.#tls = tlsOf(options, target === 'directory' ? target : target.hostname)
    this.#made = [carrier, address, options]
    this.#plain = below ?? new PlainFace(new StreamController(carrier, target, resolved), resolved)
    this.#secureTransport = below === undefined ? (this.#tls?.mode ?? 'off') : 'on'
    const isSecure = this.#tls !== undefined && this.#secureTransport === 'on'
    this.#face = isSecure ? this.#tls.over(this.#plain, resolved) : this.#plain
  }

  /** What the far end sends. Reading it is what allows more to come. A byte stream where the runtime has them. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#face.readable
  }

  /** What goes to the far end: any ArrayBuffer or view. A write resolves when its bytes are in cells. */
  get writable(): WritableStream<BufferSource> {
    return this.#face.writable
  }

  /**
   * Resolves when CONNECTED arrives and, with TLS, the handshake is over; rejects with a {@link SocketError}. A
   * rejection that nobody looks at is no unhandled one.
   */
  get opened(): Promise<SocketInfo> {
    return this.#face.opened
  }

  /** Resolves on a clean end from either side; rejects with a {@link SocketError}, also pre-handled. */
  get closed(): Promise<void> {
    return this.#face.closed
  }

  /** True once {@link startTls} has made another socket of this one. */
  get upgraded(): boolean {
    return this.#upgraded
  }

  /** Whether there is TLS on top, or may be: what was asked for, and `'on'` for what {@link startTls} makes. */
  get secureTransport(): SecureTransport {
    return this.#secureTransport
  }

  /** Both flow-control windows now, or what is in place of them. */
  get windows(): StreamWindows {
    return this.#plain.controller.flow.windows
  }

  /** The circuit that the stream is on, for streams of a `TorClient`, from when it has one until it is over. */
  get circuit(): SocketCircuit | undefined {
    return this.#made[0].circuit
  }

  /**
   * True for a stream of an identity that the client has left behind (`TorClient.newIdentity`). It works on, but a pool
   * of connections should not take it for anything new.
   */
  get outdated(): boolean {
    return this.#made[0].isOutdated === true
  }

  /**
   * Closes both sides at once: what `writable` accepted is sent, then END; unread input is dropped, pending reads end
   * and pending writes reject. Idempotent.
   *
   * @param reason - becomes the `cause` of what pending promises reject with
   * @returns `closed`
   */
  close(reason?: unknown): Promise<void> {
    // What has become of an upgraded one is the new socket's to close.
    return this.#upgraded ? Promise.resolve() : this.#face.close(reason)
  }

  /**
   * TLS on top of this stream, as a new socket, for protocols that begin in the clear (SMTP, IMAP). From then on this
   * one is of no use: its streams are locked, and closing it does nothing.
   *
   * @throws SocketError `TLS_UNSUPPORTED` when the socket was not made with `secureTransport: 'starttls'`
   * @throws TypeError when a stream of it is locked, or it has been upgraded
   */
  startTls(): TorStream {
    if (this.#secureTransport !== 'starttls') {
      throw new SocketError('TLS_UNSUPPORTED', "the socket was not made with secureTransport 'starttls'")
    }
    if (this.#upgraded) throw new TypeError('Cannot start TLS twice')
    if (this.readable.locked || this.writable.locked)
      throw new TypeError('Cannot start TLS while a stream of the socket is locked')
    this.#upgraded = true
    return new TorStream(...this.#made, this.#plain)
  }

  /** As {@link close}; a failure that `closed` tells does not mask the error of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => undefined) // see above
  }
}

/** What the options ask for; a stream that nobody gave TLS to has none. */
function tlsOf(options: StreamOptions, host: string): StreamTls | undefined {
  const { tlsLayer, secureTransport } = options
  if (tlsLayer !== undefined) return tlsLayer(options, host)
  if (secureTransport === undefined || secureTransport === 'off') return undefined
  throw new SocketError('TLS_UNSUPPORTED', 'there is no TLS for this stream: wrap its two streams with a TLS library')
}
