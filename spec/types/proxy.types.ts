/**
 * What fits the `connect` and `resolve` of the proxy fronts: a client, a circuit, and any other socket of that shape.
 *
 * @module
 */
import type { TorClient } from '../../lib/index.ts'
import type { Circuit } from '../../lib/circuit.ts'
import type { SocksListener } from '../../lib/node.ts'
import { listenSocks } from '../../lib/node.ts'
import { serveHttpConnect, serveProxy, serveSocks, type ProxyConnection, type ProxySocket } from '../../lib/socks.ts'

declare const tor: TorClient
declare const circuit: Circuit
declare const connection: ProxyConnection

export const served: readonly Promise<void>[] = [
  serveSocks(connection, { connect: tor.connect, resolve: tor.resolve }),
  serveHttpConnect(connection, { connect: tor.connect, signal: undefined, handshakeTimeout: Infinity }),
  serveProxy(connection, {
    connect: (address) => circuit.connect(address),
    resolve: (name, { signal }) => circuit.resolve(name, { signal }),
  }),
  // @ts-expect-error: there is no other way out than connect
  serveSocks(connection, { resolve: tor.resolve }),
]

// The streams of other libraries, which say nothing of the memory behind their chunks.
declare const plain: { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array> }
export const connections: readonly ProxyConnection[] = [
  plain,
  { readable: plain.readable, writable: new WritableStream<BufferSource>() },
]
export const sockets: readonly ProxySocket[] = [
  tor.connect('example.com:80'),
  circuit.connect('example.com:80'),
  { ...plain, opened: Promise.resolve(), close: () => Promise.resolve() },
]

export const listeners: readonly Promise<SocksListener>[] = [
  listenSocks({ connect: tor.connect, resolve: tor.resolve, port: 9050, http: true }),
  // @ts-expect-error: the port must be chosen
  listenSocks({ connect: tor.connect }),
]
