/**
 * Node's HTTP server on the streams of an onion service's visitors: no port of this machine is open for it.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as http from 'node:http'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import type { NodeSocketSource } from '../connect.ts'
import { toDuplex } from '../to-duplex.ts'

/** Whose visitors are served: an `OnionService`, or anything else that streams come out of. */
export interface VisitedService {
  /** Its visitors' streams. */
  readonly incoming: ReadableStream<NodeSocketSource>
}

/**
 * Answers every visitor with `listener`, which is what `http.createServer` and Express take. A visitor's stream is taken as
 * soon as it comes.
 *
 * ```ts
 * const service = await tor.serve({ ports: [80] })
 * serveHttp(service, (request, response) => response.end('hello'))
 * ```
 *
 * @returns the server, for its timeouts and events; it listens nowhere, and is closed when the service is
 */
export function serveHttp(service: VisitedService, listener: http.RequestListener): http.Server {
  const server = builtinModule<typeof http>('node:http').createServer(listener)
  void connectVisitors(service.incoming, server)
  return server
}

async function connectVisitors(incoming: ReadableStream<NodeSocketSource>, server: http.Server): Promise<void> {
  const reader = incoming.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const duplex = toDuplex(value)
      duplex.on('error', () => undefined) // the server hears of it as well; this keeps it from being nobody's
      server.emit('connection', duplex)
    }
  } finally {
    server.closeAllConnections()
  }
}
