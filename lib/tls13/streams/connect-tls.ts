/**
 * TLS as a client over any pair of streams, for whoever has such a pair: it opens none by itself, and asks nobody anything.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { abortSignal, checkOptions, type OptionNames } from '../../base/checks.ts'
import { SocketError } from '../../base/errors.ts'
import { webX25519 } from '../../platform/crypto/curves/web-x25519.ts'
import { authoritiesOf, checkProtocols } from '../../tls/options.ts'
import { anchorsOfPem, type TrustAnchor } from '../../webpki/trust-anchor.ts'
import { webTls } from './web-tls.ts'

/** What carries the bytes of TLS: any connection to the server, as a pair of streams. */
export interface TlsCarrier {
  /** What the server sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the server. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
}

/** Options of {@link connectTls}. */
export interface ConnectTlsOptions {
  /**
   * Who the server's certificate must be for: a host name in ASCII (as `new URL(...).hostname` has it), or an IP address
   * without brackets. A name is also sent, in the clear (SNI).
   */
  readonly serverName: string
  /** The protocols to offer by ALPN, the best first; none by default. */
  readonly alpn?: readonly string[] | undefined
  /**
   * The authorities to trust instead of those of the web: PEM, one or several certificates in each string. Without it
   * Mozilla's list is loaded, a module of its own.
   */
  readonly ca?: string | readonly string[] | undefined
  /** Gives up in any phase: both streams and `closed` reject with `ABORTED`, and those below are over. */
  readonly signal?: AbortSignal | undefined
  /**
   * The time that certificates are held against, in ms since the epoch: for a machine whose clock is wrong.
   *
   * @defaultValue Date.now
   */
  readonly now?: (() => number) | undefined
}

const OPTION_NAMES: OptionNames<ConnectTlsOptions> = { serverName: true, alpn: true, ca: true, signal: true, now: true }

/** A TLS connection whose handshake is over, and whose server is who it should be. */
export interface TlsStreams {
  /**
   * What the server sends: in chunks of its own making. It ends when the server has said that nothing follows
   * (close_notify), and errors with `TLS_TRUNCATED` when the bytes below end without that: what was read may not be all.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /**
   * What goes to the server. A write resolves when the stream below has taken it. Closing it tells the server that nothing
   * follows and closes the stream below; what the server still sends can be read after that.
   */
  readonly writable: WritableStream<Uint8Array>
  /** The protocol that the server chose by ALPN; undefined when it chose none. */
  readonly alpn: string | undefined
  /** The server's certificates as DER, as it sent them: its own first. */
  readonly peerCertificates: readonly Uint8Array<ArrayBuffer>[]
  /**
   * Resolves once the writable is closed, and the readable is read to its end or cancelled. Rejects with the first failure of
   * either. Nobody has to look at it: what is wrong is told by the streams too.
   */
  readonly closed: Promise<void>
}

/**
 * Makes TLS 1.3 (RFC 8446) as a client over a pair of streams, and checks the server's certificate as the web does: chain, time,
 * names and use. It resolves when the server has proved who it is, and nothing is sent to it before. There is no way to go on
 * without, no resumption (it would link visits), no early data and no client certificate. X25519 and P-256; AES-GCM, and
 * ChaCha20-Poly1305 where WebCrypto has it.
 *
 * Backpressure is that of the streams below. Once it is read it reads ahead below: 128 kB and a chunk at most are opened, and as
 * much waits to be. It seals at most 256 kB ahead of a write below.
 *
 * ```ts
 * import { connectTls } from 'tor-streams/tls'
 *
 * const { readable, writable } = await connectTls(socket, { serverName: 'example.com' })
 * const writer = writable.getWriter()
 * await writer.write(new TextEncoder().encode('GET / HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n'))
 * console.log(await new Response(readable).text())
 * ```
 *
 * @param below - its streams are locked from now on, and over when TLS is. `socket` of the example is any: of a WinterTC
 * `connect`, a `WebSocketStream`, node:stream's `Duplex.toWeb`
 * @returns Rejects with a SocketError: `TLS_CERTIFICATE` when the certificate is not good for `serverName`, `TLS_FAILED` when the
 * handshake comes to nothing, `TLS_UNSUPPORTED` where there is no `crypto.subtle`, `ABORTED` with the signal's reason as `cause`;
 * or with what the streams below fail with. They are over then. After the handshake the streams error with `TLS_FAILED`,
 * `TLS_TRUNCATED` or `ABORTED`, or with what the streams below fail with.
 * @throws TypeError (as a rejection) naming the option; the streams below are untouched then
 */
export async function connectTls(below: TlsCarrier, options: ConnectTlsOptions): Promise<TlsStreams> {
  checkOptions(options, OPTION_NAMES)
  const { alpn = [], now = Date.now } = options
  const serverName = checkServerName(options.serverName)
  checkProtocols(alpn)
  const ca = authoritiesOf('ca', options.ca)
  if (ca !== undefined) anchorsOfPem(ca, 'ca') // a certificate that is none is found before anything is sent
  const signal = abortSignal('signal', options.signal)
  if (typeof now !== 'function') throw new TypeError('Cannot use the option now as it is no function')
  const giveUp = new AbortController()
  const forget = onAbort(signal, () =>
    giveUp.abort(new SocketError('ABORTED', 'the TLS connection was aborted', { cause: signal?.reason })),
  )
  try {
    const streams = await webTls({ x25519: webX25519(), now, roots }).secure(below, {
      serverName,
      alpn,
      ca,
      signal: giveUp.signal,
    })
    onAbort(giveUp.signal, () => streams.fail(giveUp.signal.reason))
    streams.closed.then(forget, forget)
    const { readable, writable, chain, closed } = streams
    return { readable, writable, alpn: streams.alpn, peerCertificates: chain, closed }
  } catch (error) {
    forget()
    throw error
  }
}

const roots = async (): Promise<readonly TrustAnchor[]> => (await import('../../webpki/roots.ts')).webRoots()

/** The name as certificates have it: without the dot at its end. */
function checkServerName(name: unknown): string {
  const bare = typeof name === 'string' ? name.replace(/\.$/, '') : ''
  if (!/^[\x21-\x7e]{1,253}$/.test(bare)) {
    throw new TypeError('Cannot use the option serverName as it is no host name in ASCII, and no IP address')
  }
  return bare
}
