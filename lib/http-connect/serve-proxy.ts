/**
 * One port for both protocols: the first byte tells SOCKS from HTTP.
 *
 * @module
 */
import type { ProxyConnection } from '../proxy/client-end.ts'
import { NO_BYTES, type HandshakeStep, type ProxyHandshake } from '../proxy/handshake.ts'
import { resolveProxyOptions, type ProxyOptions } from '../proxy/options.ts'
import { serve } from '../proxy/serve.ts'
import { beginsHttp } from '../proxy/text.ts'
import { SocksHandshake } from '../socks/handshake.ts'
import { handshakeOptions, type SocksHandshakeOptions } from '../socks/stage.ts'
import { HttpConnectHandshake } from './handshake.ts'

/**
 * Serves one client of either kind, as `serveSocks` or {@link serveHttpConnect} would.
 *
 * @throws TypeError or RangeError (as a rejection) naming the option, or when the streams are locked
 */
export async function serveProxy(connection: ProxyConnection, options: ProxyOptions): Promise<void> {
  const resolved = resolveProxyOptions(options)
  await serve(connection, new EitherHandshake(handshakeOptions(resolved)), resolved)
}

/** A handshake of the protocol that the first byte belongs to. */
export class EitherHandshake implements ProxyHandshake {
  readonly #options: SocksHandshakeOptions
  #chosen: ProxyHandshake | undefined

  constructor(options: SocksHandshakeOptions) {
    this.#options = options
  }

  take(bytes: Uint8Array): HandshakeStep {
    const first = bytes[0]
    if (first === undefined) return { type: 'more', reply: NO_BYTES }
    this.#chosen ??= beginsHttp(first) ? new HttpConnectHandshake() : new SocksHandshake(this.#options)
    return this.#chosen.take(bytes)
  }
}
