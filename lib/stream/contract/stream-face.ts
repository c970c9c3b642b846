/**
 * What the application has of a stream: the stream as it is, or TLS on top of it.
 *
 * @module
 */
import type { SecureOptions } from '../../tls/options.ts'
import type { ResolvedStreamOptions } from '../options.ts'
import type { StreamController } from '../stream-controller.ts'
import type { SocketInfo } from '../tor-stream.ts'

/** The part of a socket that TLS replaces; see TorStream. */
export interface StreamFace {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  close(reason?: unknown): Promise<void>
}

/** TLS that a stream is to have, at once or when it is asked for. */
export interface StreamTls {
  readonly mode: 'on' | 'starttls'
  /** Puts TLS on top of a stream, whose own streams become TLS's. */
  over(below: StreamFace, options: ResolvedStreamOptions): StreamFace
}

/**
 * Checks the options about TLS. Returns undefined when they ask for none.
 *
 * Throws a TypeError naming the option, or a SocketError `TLS_UNSUPPORTED`. `host` is what the certificate is for by default.
 */
export type TlsLayer = (options: SecureOptions, host: string) => StreamTls | undefined

/** The stream as it is. */
export function plainFace(controller: StreamController): StreamFace {
  return {
    readable: controller.read.readable,
    writable: controller.write.writable,
    opened: controller.opened.promise,
    closed: controller.closed.promise,
    close(reason) {
      controller.close(reason)
      return controller.closed.promise
    },
  }
}
