/**
 * TLS for streams. A stream alone knows nothing of it: whoever makes streams gives it to them.
 *
 * @module
 */
import { SocketError } from '../base/errors.ts'
import type { TlsAdapter } from '../platform/tls/tls-adapter.ts'
import { resolveTls } from '../tls/options.ts'
import { SecureSocket } from '../tls/secure-socket.ts'
import type { TlsLayer } from './contract/stream-face.ts'
import type { SocketInfo } from './contract/socket-info.ts'

/**
 * TLS by the adapter of a stream's options, or else by this one.
 *
 * @param runtimes - the runtime's own TLS, if it has any
 */
export function tlsLayer(runtimes: TlsAdapter | undefined): TlsLayer {
  return (options, host) => {
    const tls = resolveTls(options, host)
    if (tls === undefined) return undefined
    const adapter = tls.adapter ?? runtimes
    if (adapter === undefined) {
      throw new SocketError(
        'TLS_UNSUPPORTED',
        'this runtime has no TLS of its own: give a TLS library as the option tls.adapter',
      )
    }
    return {
      mode: tls.mode,
      over(below, { streams, readableType, endOnClose, linger, clock }) {
        return new SecureSocket<SocketInfo>(below, {
          ...tls,
          adapter,
          streams,
          readableType,
          endOnClose,
          linger,
          clock,
        })
      },
    }
  }
}
