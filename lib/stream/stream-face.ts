/**
 * What the application has of a stream: the stream as it is, or TLS on top of it.
 *
 * @module
 */
import { SocketError } from '../errors.ts'
import type { TlsAdapter } from '../platform/platform.ts'
import { resolveTls, type ResolvedTls, type SecureOptions } from '../tls/options.ts'
import { SecureSocket, type ReadableSource } from '../tls/secure-socket.ts'
import type { ResolvedStreamOptions } from './options.ts'
import type { StreamController } from './stream-controller.ts'
import type { SocketInfo } from './tor-stream.ts'
import { hasByteStreams } from './web-streams.ts'

/** The part of a socket that TLS replaces; see TorStream. */
export interface StreamFace {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  close(reason?: unknown): Promise<void>
}

/** TLS that can be made. */
export type ReadyTls = ResolvedTls & { readonly adapter: TlsAdapter }

/**
 * Checks the options about TLS.
 *
 * @param host - what the certificate is for by default
 * @throws TypeError naming the option
 * @throws SocketError `TLS_UNSUPPORTED` when TLS is asked for and there is none
 */
export function readyTls(options: SecureOptions & { readonly defaultTls?: TlsAdapter | undefined }, host: string): ReadyTls | undefined {
  const tls = resolveTls(options, host)
  const adapter = tls?.adapter ?? options.defaultTls
  if (tls === undefined) return undefined
  if (adapter === undefined) {
    throw new SocketError('TLS_UNSUPPORTED', 'this runtime has no TLS of its own: give a TLS library as the option tls.adapter')
  }
  return { ...tls, adapter }
}

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

/** TLS on top of the stream. */
export function secureFace(below: StreamFace, tls: ReadyTls, { streams, readableType, endOnClose, clock }: ResolvedStreamOptions): StreamFace {
  const bytes = readableType === undefined ? hasByteStreams(streams) : readableType === 'bytes'
  return new SecureSocket<SocketInfo>(below, {
    ...tls,
    makeReadable: (source: ReadableSource) => bytes
      ? new streams.ReadableStream({ ...source, type: 'bytes' }, { highWaterMark: 0 })
      : new streams.ReadableStream(source, { highWaterMark: 0 }),
    WritableStream: streams.WritableStream,
    endOnClose,
    clock,
  })
}
