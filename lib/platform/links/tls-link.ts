/**
 * A connected TLS socket as a {@link Link}: its bytes as Web Streams, with backpressure both ways.
 *
 * - The readable has a high-water mark of 0 and an inbox of its own (link-inbox.ts), which joins what arrives in one
 *   turn. The socket pauses while the inbox is full.
 * - The writable has a high-water mark of one chunk and hands it to the socket at once; the write lasts until the
 *   socket's own buffer has drained, so no more than one write and that buffer wait here.
 *
 * @module
 */
import { startTimer, systemClock, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { withheld } from '../../base/withheld.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import { LinkInbox, type ReadControl } from './link-inbox.ts'
import type { Link } from './transport.ts'

/** What holds the connection back or gives it up: the TLS socket itself, or what is under it. */
export interface LinkControl extends ReadControl {
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
  let open = true
  let failure: TorError | undefined
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
    fail(error)
    inbox.end(failure)
  }

  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        inbox.controller = controller
      },
      pull: () => inbox.pull(),
      cancel() {
        inbox.cancel()
        shut()
      },
    },
    { highWaterMark: 0 },
  )

  const { writable, fail } = makeWritable<Uint8Array>({
    aborted: shut,
    write(bytes) {
      if (socket.destroyed) throw failure ?? closedError()
      if (socket.write(bytes)) return
      return new Promise<void>((resolve, reject) => {
        drained = { resolve, reject }
      })
    },
    close() {
      const cancelTimer = startTimer(clock, CLOSE_GRACE, shut)
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
    failure ??= new TorError('LINK_CLOSED', 'The connection to the relay failed', { cause: withheld(cause) })
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
