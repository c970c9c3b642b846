/**
 * TLS servers of the runtime on 127.0.0.1. For specs of server runtimes.
 *
 * @module
 */
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import tls from 'node:tls'
import { identityOf, type KeyKind } from './identity.ts'

export class LiveServers {
  /** The TCP connections of all servers, oldest first. */
  readonly peers: Socket[] = []
  readonly #servers: Server[] = []

  /** Starts any server; its port. */
  async listen(server: Server): Promise<number> {
    this.#servers.push(server)
    server.on('connection', (socket: Socket) => {
      this.peers.push(socket)
      socket.on('error', () => undefined)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** Starts a TLS server with a key of this kind; it echoes, unless told otherwise. */
  async serve(
    kind: KeyKind,
    options: tls.TlsOptions = {},
    serveOne: (socket: tls.TLSSocket) => void = (socket) => void socket.pipe(socket),
  ): Promise<number> {
    const { certificatePem: cert, keyPem: key } = await identityOf(kind)
    const server = tls.createServer({ cert, key, minVersion: 'TLSv1.3', ...options }, (socket) => {
      socket.on('error', () => undefined)
      serveOne(socket)
    })
    server.on('tlsClientError', () => undefined)
    return await this.listen(server)
  }

  /** Stops all, and their connections. */
  async stop(): Promise<void> {
    for (const peer of this.peers) peer.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
