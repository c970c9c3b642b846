/**
 * A test network whose relays listen on this machine, with TLS: for clients in processes of their own.
 *
 * @module
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import type { ExitHandler } from '../../../lib/testing/exit/exit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { tlsCertificate, tlsKey } from '../../platform/links/tls-certificate.ts'

const RELAYS = 4

export interface TlsNetwork {
  /** The authorities as torrc has them. */
  readonly authorities: string
  /** By port: the certificate that the relay there claims to have. Its TLS has another one. In base64. */
  readonly leaves: Readonly<Record<number, string>>
  close(): Promise<void>
}

export async function startTlsNetwork(exit: ExitHandler): Promise<TlsNetwork> {
  const servers = await Promise.all(Array.from({ length: RELAYS }, listen))
  const addresses = servers.map((server) => ({ hostname: '127.0.0.1', port: (server.address() as AddressInfo).port }))
  const network = await TestNetwork.start({
    relays: addresses.map((address) => ({ address })),
    authorities: 1,
    exit,
  })
  const sockets = new Set<TLSSocket>()
  const serve = (server: Server, index: number): void => {
    server.on('secureConnection', (socket: TLSSocket) => {
      sockets.add(socket)
      const { address } = network.relays[index] as (typeof network.relays)[number]
      void relay(network, address, socket).finally(() => {
        socket.destroy()
        sockets.delete(socket)
      })
    })
  }
  servers.forEach(serve)
  // The authority is no relay that anybody dials: the first of the others has its place in the client's eyes.
  const { authorities } = network.config
  const [authority] = authorities
  const authorityServer = await listen()
  serve(authorityServer, RELAYS)
  const { port } = authorityServer.address() as AddressInfo
  const { rsaIdentity, v3Identity, nickname } = authority as (typeof authorities)[number]
  const line = `DirAuthority ${nickname} orport=${port} v3ident=${v3Identity} 127.0.0.1:1 ${encodeHex(rsaIdentity)}\n`
  const leafOf = (index: number): string => Buffer.from(network.relays[index]?.identity.leaf ?? []).toString('base64')
  return {
    authorities: line,
    leaves: {
      ...Object.fromEntries(addresses.map((address, index) => [address.port, leafOf(index)])),
      [port]: leafOf(RELAYS),
    },
    async close() {
      for (const server of [...servers, authorityServer]) server.close()
      for (const socket of sockets) socket.destroy()
      await network.close()
    },
  }
}

async function listen(): Promise<Server> {
  const server = createServer({ key: tlsKey, cert: tlsCertificate })
  server.on('tlsClientError', () => undefined) // a client that was ended in its handshake
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Bytes both ways until one side ends. */
async function relay(
  network: TestNetwork,
  address: { readonly hostname: string; readonly port: number },
  socket: TLSSocket,
): Promise<void> {
  const link = await network.transport.connect(address, { signal: new AbortController().signal })
  const reader = link.readable.getReader()
  const writer = link.writable.getWriter()
  const gone = new Promise<void>((resolve) => {
    socket.on('error', () => resolve())
    socket.on('close', () => resolve())
  })
  socket.on('data', (bytes: Buffer) => void writer.write(new Uint8Array(bytes)).catch(() => socket.destroy()))
  const outgoing = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      socket.write(value)
    }
  })()
  await Promise.race([gone, outgoing]).catch(() => undefined) // the link broke: so does the socket
  writer.abort().catch(() => undefined) // it is over
  reader.cancel().catch(() => undefined) // it is over
}
