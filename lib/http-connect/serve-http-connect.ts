/**
 * An HTTP CONNECT proxy for one connection, over any pair of byte streams and any WinterTC `connect`.
 *
 * @module
 */
import type { ProxyConnection } from '../proxy/client-end.ts'
import { resolveProxyOptions, type ProxyOptions } from '../proxy/options.ts'
import { serve } from '../proxy/serve.ts'
import { HttpConnectHandshake } from './handshake.ts'

/**
 * Serves one HTTP client: CONNECT, OPTIONS, and requests for `http:` in absolute form, one a connection. Credentials and the `Tor-Stream-Isolation` fields become the isolation
 * token of the stream. Any other request is refused, never made in the clear or otherwise. Pages in browsers cannot send such requests to the proxy unless it is the browser's. Resolves when the connection
 * is over, however it ended.
 *
 * @throws TypeError or RangeError (as a rejection) naming the option, or when the streams are locked
 */
export async function serveHttpConnect(connection: ProxyConnection, options: ProxyOptions): Promise<void> {
  await serve(connection, new HttpConnectHandshake(), resolveProxyOptions(options))
}
