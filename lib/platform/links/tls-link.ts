/**
 * A connected TLS socket as a {@link Link}: a byte port with backpressure both ways, and a pair of Web Streams for
 * whoever asks for them.
 *
 * - What arrives goes through an inbox (link-inbox.ts), which joins what one turn brings. The socket pauses while the
 *   inbox is full.
 * - What is written is handed to the socket at once; the write lasts until the socket's own buffer has drained, so no
 *   more than one write and that buffer wait here.
 *
 * @module
 */
import { startTimer, systemClock, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { Why } from '../../base/why.ts'
import { withheld } from '../../base/withheld.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import { lendPorts, type BytePort } from '../../base/streams/byte-port.ts'
import { streamsOver, type PortStreams } from '../../base/streams/port-streams.ts'
import { LinkInbox, type ReadControl } from './link-inbox.ts'
import { strandedFrom } from './own-addresses.ts'
import type { Link } from './transport.ts'

/** What holds the connection back or gives it up: the TLS socket itself, or what is under it. */
export interface LinkControl extends ReadControl {
  /** The address that the connection goes out from, where it is known. */
  readonly localAddress?: string | undefined
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

/**
 * How long a closing link may take to send what the socket holds, in milliseconds. A write that waits is aborted, not
 * closed.
 */
export const CLOSE_GRACE = 2000

/**
 * Wraps a socket whose handshake is complete. From now on its events belong to the link.
 *
 * @param inbox where bytes go that the socket gives to somebody else than the listeners of 'data'
 */
export function linkOf(
  socket: TlsSocket,
  control: LinkControl,
  peerCertificate: Uint8Array,
  clock: Clock = systemClock,
  inbox: LinkInbox = new LinkInbox(control),
): Link {
  return new TlsLink(socket, control, peerCertificate, clock, inbox)
}

/** Nothing waits. */
const TAKEN = Promise.resolve()

class TlsLink implements Link, BytePort {
  static {
    lendPorts(TlsLink.prototype, (link) => (link.#streams === undefined ? link : undefined))
  }

  readonly peerCertificate: Uint8Array
  readonly isStranded: Link['isStranded']
  readonly #socket: TlsSocket
  readonly #control: LinkControl
  readonly #clock: Clock
  readonly #inbox: LinkInbox
  #streams: PortStreams | undefined
  #isOpen = true
  #failure: TorError | undefined
  /** The write that waits for the socket to drain. */
  #drained: Deferred<void> | undefined
  /** The end that waits for the socket to have sent everything. */
  #finished: Deferred<void> | undefined
  readonly #writeClosed: Deferred<Why> = deferred()

  constructor(socket: TlsSocket, control: LinkControl, peerCertificate: Uint8Array, clock: Clock, inbox: LinkInbox) {
    this.#socket = socket
    this.#control = control
    this.peerCertificate = peerCertificate
    this.isStranded = strandedFrom(control.localAddress)
    this.#clock = clock
    this.#inbox = inbox
    const shut = (): void => this.#shut()
    socket.on('error', (cause: unknown) => {
      this.#failure ??= new TorError('LINK_CLOSED', 'The connection to the relay failed', { cause: withheld(cause) })
      shut()
    })
    // When the relay has ended its side nothing more is of use to it, and Deno may give no 'close'.
    socket.on('end', shut)
    socket.on('close', shut)
    socket.on('drain', () => {
      this.#drained?.resolve()
      this.#drained = undefined
    })
    socket.on('data', (bytes: Uint8Array) => inbox.push(bytes))
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#pair.readable
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#pair.writable
  }

  get readClosed(): Promise<Why | undefined> {
    return this.#inbox.closed
  }

  get writeClosed(): Promise<Why> {
    return this.#writeClosed.promise
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#inbox.read()
  }

  cancel(): void {
    this.#inbox.cancel()
    this.#shut()
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(this.#reason)
    if (this.#socket.write(bytes)) return TAKEN
    this.#drained = deferred()
    return this.#drained.promise
  }

  async end(): Promise<void> {
    await this.#drained?.promise
    if (!this.#isOpen) throw this.#reason
    const cancelTimer = startTimer(this.#clock, CLOSE_GRACE, () => this.#shut())
    const finished = (this.#finished = deferred())
    this.#socket.end(finished.resolve)
    try {
      await finished.promise
    } finally {
      cancelTimer()
      this.#shut()
    }
  }

  abort(): void {
    this.#shut()
  }

  get #pair(): PortStreams {
    return (this.#streams ??= streamsOver(this))
  }

  get #reason(): TorError {
    return this.#failure ?? new TorError('LINK_CLOSED', 'The connection to the relay is closed')
  }

  /** Ends both directions. What has arrived can still be read. */
  #shut(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#socket.destroy()
    this.#control.destroy()
    const reason = this.#reason
    for (const waiting of [this.#drained, this.#finished]) waiting?.reject(reason)
    this.#writeClosed.resolve(() => reason)
    this.#inbox.end(this.#failure)
  }
}
