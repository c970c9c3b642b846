/**
 * The TLS of Node, Deno and Bun, loaded when it is first needed: what it is made of is nothing for a web page.
 *
 * @module
 */
import type { TlsAdapter } from './tls-adapter.ts'

/** The runtime's own TLS. */
export const nativeTls: TlsAdapter = {
  secure: async (below, request) => (await import('./node-tls.ts')).nodeTls().secure(below, request),
}
