/**
 * TLS over TCP to a server on 127.0.0.1. For specs of server runtimes.
 *
 * @module
 */
import { connect as connectTcp } from 'node:net'
import { SocketError } from '../../../lib/base/errors.ts'
import { nobleX25519 } from '../../../lib/platform/crypto/curves/noble-x25519.ts'
import { usableSuites } from '../../../lib/tls13/keys/cipher-suites.ts'
import { createClientHello } from '../../../lib/tls13/messages/client-hello.ts'
import { x25519Share } from '../../../lib/tls13/keys/key-share.ts'
import { p256Share } from '../../../lib/tls13/keys/p256-share.ts'
import { secureStreams, type BytesBelow, type SecuredStreams } from '../../../lib/tls13/streams/secured-streams.ts'

/** A TCP connection as TLS takes it. A read is one chunk, and a write waits for the socket. */
export function tcp(port: number, onChunk: () => void = () => undefined): BytesBelow {
  const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.pause()
  let wanted: (() => void) | undefined
  let source: ReadableStreamDefaultController<Uint8Array> | undefined
  const end = (error?: Error): void => {
    if (error === undefined) source?.close()
    else source?.error(error)
    source = undefined
    wanted?.()
  }
  socket.on('data', (chunk) => {
    socket.pause()
    source?.enqueue(new Uint8Array(chunk))
    onChunk()
    wanted?.()
  })
  socket.on('end', () => end())
  socket.on('error', (cause) => end(new SocketError('END_CONNRESET', 'the connection was reset', { cause })))
  socket.on('close', () => end())
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        source = controller
      },
      pull: () =>
        new Promise<void>((resolve) => {
          wanted = resolve
          socket.resume()
        }),
      cancel: () => {
        source = undefined
        socket.resume()
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
    write: (chunk) =>
      new Promise((resolve, reject) => socket.write(chunk, (error) => (error ? reject(error) : resolve()))),
    close: () => new Promise((resolve) => socket.end(() => resolve())),
    abort: () => void socket.destroy(),
  })
  return { readable, writable }
}

/** What a connection offers. */
export interface Offer {
  readonly alpn?: readonly string[]
  readonly suites?: readonly number[]
  /** Without it a HelloRetryRequest is refused. */
  readonly p256?: boolean
  /** Called for each chunk of TCP. */
  readonly onChunk?: () => void
}

/** A TLS connection to a server that may be anybody. */
export async function secured(
  port: number,
  { alpn = [], suites, p256 = true, onChunk }: Offer = {},
): Promise<SecuredStreams> {
  const hello = createClientHello({
    serverName: 'target.test',
    alpn,
    suites: suites ?? (await usableSuites()).map(({ id }) => id),
    shares: [await x25519Share(nobleX25519)],
    makeP256Share: p256 ? p256Share : undefined,
  })
  return await secureStreams(tcp(port, onChunk), hello, () => undefined, new AbortController().signal)
}

/** All bytes up to the end. */
export const bytesOf = async (readable: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(readable).arrayBuffer())
