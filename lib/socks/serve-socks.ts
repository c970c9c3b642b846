/**
 * A SOCKS server for one connection, over any pair of byte streams and any WinterTC `connect`.
 *
 * @module
 */
import type { ProxyConnection } from '../proxy/client-end.ts'
import { resolveProxyOptions, type ProxyOptions } from '../proxy/options.ts'
import { serve } from '../proxy/serve.ts'
import { SocksHandshake } from './handshake.ts'
import { handshakeOptions } from './stage.ts'

/**
 * Serves one SOCKS 4, 4a or 5 client: CONNECT, and Tor's RESOLVE and RESOLVE_PTR. Whatever credentials the client gives
 * become the isolation token of its stream. Resolves when the connection is over, however it ended.
 *
 * ```ts
 * await serveSocks(connection, { connect: tor.connect, resolve: tor.resolve })
 * ```
 *
 * @throws TypeError or RangeError (as a rejection) naming the option, or when the streams are locked
 */
export async function serveSocks(connection: ProxyConnection, options: ProxyOptions): Promise<void> {
  const resolved = resolveProxyOptions(options)
  await serve(connection, new SocksHandshake(handshakeOptions(resolved)), resolved)
}
