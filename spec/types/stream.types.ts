/**
 * What the types of `tor-streams/stream` promise. Compiled, never run.
 *
 * @module
 */
import {
  RelayDataChunker,
  TorStream,
  type ErrorCode,
  type SocketError,
  type StreamCarrier,
  type StreamOptions,
} from 'tor-streams/stream'

/**
 * The Socket of the WinterTC Sockets API, as its draft has it; written down here so that a change of ours is noticed.
 */
interface WinterTcSocketInfo {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
  readonly alpn?: string | undefined
}

interface WinterTcSocket {
  readonly readable: ReadableStream
  readonly writable: WritableStream
  readonly opened: Promise<WinterTcSocketInfo>
  readonly closed: Promise<void>
  close(reason?: unknown): Promise<void>
  readonly upgraded: boolean
  readonly secureTransport: 'on' | 'off' | 'starttls'
  startTls(): WinterTcSocket
}

declare const carrier: StreamCarrier
const options: StreamOptions = {
  signal: AbortSignal.timeout(1000),
  timeout: Infinity,
  addressFamily: 'prefer-ipv6',
  secureTransport: 'off',
  allowHalfOpen: true,
}
const socket: TorStream = new TorStream(carrier, 'example.com:80', options)
new TorStream(carrier, { hostname: 'example.com', port: 80 })
const asWinterTc: WinterTcSocket = socket
const disposable: AsyncDisposable = socket

// Out go arrays over plain ArrayBuffers, which every engine and every library takes; in come bytes of any kind.
const readable: ReadableStream<Uint8Array<ArrayBuffer>> = socket.readable
const writable: WritableStream<BufferSource> = socket.writable
const response: Response = new Response(socket.readable)
const blob: Promise<Blob> = response.blob()

async function use(): Promise<void> {
  const { remoteAddress, localAddress, alpn, ttl } = await socket.opened
  const text: string | undefined = remoteAddress
  const seconds: number | undefined = ttl
  const own: string | undefined = localAddress
  const protocol: string | undefined = alpn
  void [text, seconds, own, protocol]

  const writer = socket.writable.getWriter()
  await writer.write(new Uint8Array(1))
  await writer.write(new ArrayBuffer(1))
  await writer.write(new DataView(new ArrayBuffer(1)))
  await writer.write(new Float64Array(1))
  // @ts-expect-error text is no bytes
  await writer.write('text')

  const { value } = await socket.readable.getReader().read()
  const chunk: Uint8Array<ArrayBuffer> | undefined = value
  void chunk
  const byob = await socket.readable.getReader({ mode: 'byob' }).read(new Uint16Array(8), { min: 2 })
  const view: Uint16Array | undefined = byob.value
  void view
  for await (const piece of socket.readable) void (piece satisfies Uint8Array<ArrayBuffer>)

  await socket.readable.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream<string>())
  await response.body?.pipeTo(socket.writable)
  await new Blob(['x']).stream().pipeTo(socket.writable)
  const pieces: ReadableStream<Uint8Array> = new Blob(['x'])
    .stream()
    .pipeThrough(new RelayDataChunker({ cellSize: () => 488 }))
  await pieces.cancel()

  await using scoped = new TorStream(carrier, 'example.com:80')
  await scoped.closed
}

/** The codes that are closed: no wider than the words of the union. */
const closed: string extends ErrorCode ? false : true = true

/** The codes that the stream layer itself makes; what befell a link, a circuit or a client passes through it. */
type StreamCode = Exclude<
  ErrorCode,
  `${'LINK' | 'CIRCUIT' | 'DIRECTORY' | 'CLIENT' | 'STORAGE' | 'NO' | 'ONION'}_${string}`
>

/** A switch over them: one that is added, or taken away, is an error here. */
function meaning(code: StreamCode): 'far end' | 'this side' | 'lookup' {
  switch (code) {
    case 'END_MISC':
    case 'END_RESOLVEFAILED':
    case 'END_CONNECTREFUSED':
    case 'END_EXITPOLICY':
    case 'END_DESTROY':
    case 'END_DONE':
    case 'END_TIMEOUT':
    case 'END_NOROUTE':
    case 'END_HIBERNATING':
    case 'END_INTERNAL':
    case 'END_RESOURCELIMIT':
    case 'END_CONNRESET':
    case 'END_TORPROTOCOL':
    case 'END_NOTDIRECTORY':
    case 'END_OTHER':
    case 'ENDED':
    case 'TIMEOUT':
    case 'ADDRESS_REFUSED':
    case 'RECEIVE_BUFFER_FULL':
    case 'CELL_MALFORMED':
    case 'TLS_CERTIFICATE':
    case 'TLS_FAILED':
    case 'TLS_TRUNCATED':
      return 'far end'
    case 'CLOSED':
    case 'ABORTED':
    case 'CHUNK_DETACHED':
    case 'TLS_UNSUPPORTED':
    case 'HOOK_IGNORED':
      return 'this side'
    case 'RESOLVE_TRANSIENT':
    case 'RESOLVE_FAILED':
      return 'lookup'
  }
}

declare const error: SocketError
const code: ErrorCode = error.code
const why: string = meaning('ENDED')
const isTypeError: TypeError = error

// @ts-expect-error a stream has no constructor without a place to go
new TorStream(carrier)
// @ts-expect-error a port is a number
new TorStream(carrier, { hostname: 'example.com', port: '80' })
// @ts-expect-error families are a closed set
new TorStream(carrier, 'example.com:80', { addressFamily: 'ipv5' })
// @ts-expect-error the streams of a socket cannot be replaced
socket.readable = readable

export { asWinterTc, blob, closed, code, disposable, isTypeError, use, why, writable }
