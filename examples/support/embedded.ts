/**
 * What the larger examples share: a Tor network inside this process, a client of it, and an HTTP server that the
 * network's exits find under every name, with TLS at port 443 for `target.test`. The names exist nowhere else: whatever
 * went beside Tor would fail.
 *
 * On the public network all of this is `await TorClient.open()`.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { MemoryStorage, TorClient } from 'tor-streams'
import { TestNetwork, tcpExit } from 'tor-streams/testing'
import { authority, serverCertificate, serverKey } from '../../spec/support/tls-authority.ts'

/** A client, the server that it reaches, and the certificate to trust, PEM. */
export interface Embedded {
  readonly tor: TorClient
  readonly server: Server
  readonly authority: string
  close(): Promise<void>
}

/** Answers with the host that was asked for. */
const hello: RequestListener = (request, response) => void response.end(`hello from ${request.headers.host}`)

/** Starts it all. */
export async function openEmbedded(onRequest: RequestListener = hello): Promise<Embedded> {
  const server = createServer(onRequest)
  const secureServer = createSecureServer({ key: serverKey, cert: serverCertificate }, onRequest)
  const [plain, secure] = (await Promise.all(
    [server, secureServer].map(async (each) => {
      await once(each.listen(0, '127.0.0.1'), 'listening')
      return (each.address() as AddressInfo).port
    }),
  )) as [number, number]
  const network = await TestNetwork.start({
    authorities: 3,
    exit: tcpExit({ redirect: (_host, port) => ({ host: '127.0.0.1', port: port === 443 ? secure : plain }) }),
  })
  const tor = await TorClient.open({
    network: network.config,
    transport: network.transport,
    storage: new MemoryStorage(),
  })
  return {
    tor,
    server,
    authority,
    async close() {
      await tor.close()
      await network.close()
      for (const each of [server, secureServer]) each.close().closeAllConnections()
    },
  }
}
