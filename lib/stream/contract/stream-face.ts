/**
 * What the application has of a stream: the stream as it is, or TLS on top of it.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import type { BytePort } from '../../base/streams/byte-port.ts'
import type { SecureOptions } from '../../tls/options.ts'
import type { Clock } from '../../base/waiting/clock.ts'
import type { SocketInfo } from './socket-info.ts'
import type { ReadableType, StreamConstructors } from '../../base/streams/stream-constructors.ts'

/** The part of a socket that TLS replaces; see TorStream. */
export interface StreamFace {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  close(reason?: unknown): Promise<void>
  /** See {@link lendPorts}. */
  lendPort?(): BytePort | undefined
}

/** Those of a stream's options that TLS on top of it obeys too (see StreamOptions). */
export interface FaceOptions {
  readonly streams: StreamConstructors
  readonly readableType: ReadableType | undefined
  readonly endOnClose: boolean
  readonly linger: number
  readonly clock: Clock
}

/** TLS that a stream is to have, at once or when it is asked for. */
export interface StreamTls {
  readonly mode: 'on' | 'starttls'
  /** Puts TLS on top of a stream, whose own streams become TLS's. */
  over(below: StreamFace, options: FaceOptions): StreamFace
}

/**
 * Checks the options about TLS. Returns undefined when they ask for none.
 *
 * Throws a TypeError naming the option, or a SocketError `TLS_UNSUPPORTED`. `host` is what the certificate is for by
 * default.
 */
export type TlsLayer = (options: SecureOptions, host: string) => StreamTls | undefined
