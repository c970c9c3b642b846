/**
 * Servers of https: on 127.0.0.1 that go by names which only the exits of the private network know: one that is right, and
 * one for each way of being wrong. Their authority is made for them.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { answer } from '../../tor/support/http-target.ts'
import { ScriptedServer } from '../../tls13/support/scripted-server.ts'
import { basicConstraints, dns, keyUsage, Usage } from '../../webpki/support/extensions.ts'
import { authority, root, server, serverExtensions, type Issued } from '../../webpki/support/certificates.ts'
import { pemOf } from '../../webpki/support/pem.ts'

/** The name that certificates are for. */
const NAME = 'secure.test'
const DAY = 86_400_000

/** What is wrong with a server. */
export type Wrong =
  | 'another name'
  | 'expired'
  | 'self-signed'
  | 'an issuer that is no authority'
  | 'an unknown authority'
  | 'no CertificateVerify'

/** The servers, and whom to trust. */
export class SecureTargets {
  /** The authority's certificate, PEM. */
  readonly ca: string
  /** The URL of the server that is right. */
  readonly right: string
  /** The URL of each that is wrong. */
  readonly wrong: Readonly<Record<Wrong, string>>
  readonly #servers: readonly Server[]
  readonly #sockets = new Set<Socket>()

  static async start(): Promise<SecureTargets> {
    const now = Date.now()
    const times = { notBefore: now - DAY, notAfter: now + DAY }
    const top = await root('specs', times)
    const other = await root('others', times)
    const noAuthority = await authority(top, 'no authority', {
      ...times,
      extensions: [basicConstraints(false), keyUsage(Usage.KEY_CERT_SIGN)],
    })
    const extensions = serverExtensions(dns(NAME))
    const own = await server(top, { ...times, extensions })
    const chains = {
      'right': [own],
      'another name': [await server(top, { ...times, extensions: serverExtensions(dns('another.test')) })],
      'expired': [await server(top, { notBefore: now - 9 * DAY, notAfter: now - 2 * DAY, extensions })],
      'self-signed': [await root('self-signed', { ...times, extensions }, own.key)],
      'an issuer that is no authority': [await server(noAuthority, { ...times, extensions }), noAuthority],
      'an unknown authority': [await server(other, { ...times, extensions })],
    } satisfies Record<string, readonly Issued[]>
    const { pkcs8 } = own.key
    if (pkcs8 === undefined) throw new Error('the key of the server cannot be written down')
    const urls: Record<string, string> = {}
    const servers: Server[] = []
    const add = async (what: string, listening: Server): Promise<void> => {
      await once(listening.listen(0, '127.0.0.1'), 'listening')
      servers.push(listening)
      urls[what] = `https://${NAME}:${(listening.address() as AddressInfo).port}`
    }
    for (const [what, chain] of Object.entries(chains)) {
      const cert = chain.map(({ der }) => pemOf(der)).join('')
      await add(what, createSecureServer({ cert, key: pemOf(pkcs8, 'PRIVATE KEY') }, answer))
    }
    await add('no CertificateVerify', withoutProof(own))
    return new SecureTargets(pemOf(top.der), urls as Record<Wrong | 'right', string>, servers)
  }

  private constructor(ca: string, { right, ...wrong }: Readonly<Record<Wrong | 'right', string>>, servers: Server[]) {
    this.ca = ca
    this.right = right
    this.wrong = wrong
    this.#servers = servers
    for (const each of servers) {
      each.on('connection', (socket: Socket) => {
        this.#sockets.add(socket)
        socket.on('close', () => this.#sockets.delete(socket))
        socket.on('error', () => undefined) // The client breaks off.
      })
    }
  }

  /** Stops them, and cuts every connection. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#servers.map((each) => new Promise((resolve) => each.close(resolve))))
  }
}

/** Shows the right certificate, and does not prove that it has the key. */
function withoutProof({ der, key }: Issued): Server {
  return createTcpServer((socket) => {
    const identity = { kind: 'P-256', certificate: der, certificatePem: '', keyPem: '', sign: key.sign } as const
    const scripted = new ScriptedServer(identity, (bytes) => socket.write(bytes))
    socket.once('data', (hello) => {
      void (async () => {
        await scripted.take(hello)
        await scripted.hello()
        await scripted.encryptedExtensions()
        await scripted.certificate()
        await scripted.finished()
      })().catch(() => socket.destroy())
    })
  })
}
