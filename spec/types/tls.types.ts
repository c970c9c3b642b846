/**
 * What the types of `tor-streams/tls` promise. Compiled, never run.
 *
 * @module
 */
import { connectTls, type ConnectTlsOptions, type ErrorCode, type SocketError, type TlsStreams } from 'tor-streams/tls'
import type { TorStream } from 'tor-streams/stream'

declare const socket: TorStream
declare const options: ConnectTlsOptions
declare const webSocketStream: {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<string | BufferSource>
}

async function use(): Promise<void> {
  // A socket of ours, and whatever takes more than bytes, can carry TLS.
  await connectTls(webSocketStream, options)
  const streams: TlsStreams = await connectTls(socket, {
    serverName: 'example.com',
    alpn: ['h2'],
    ca: ['pem'],
    signal: AbortSignal.timeout(1_000),
    now: () => 0,
  })
  const alpn: string | undefined = streams.alpn
  const chain: readonly Uint8Array<ArrayBuffer>[] = streams.peerCertificates
  const text: Promise<string> = new Response(streams.readable).text()
  const sent: Promise<void> = streams.writable.getWriter().write(new Uint8Array(1))
  const over: Promise<void> = streams.closed
  void [alpn, chain, text, sent, over]

  // Whom it is to be must be said.
  // @ts-expect-error: serverName is required
  await connectTls(socket, {})
  // @ts-expect-error: certificates are always checked
  await connectTls(socket, { serverName: 'example.com', rejectUnauthorized: false })
  // @ts-expect-error: it is read-only
  streams.alpn = 'h2'
}

declare const error: SocketError
const code: ErrorCode = error.code
void [use, code]
