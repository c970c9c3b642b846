import { once } from 'node:events'
import tls from 'node:tls'
import { expect } from 'chai'
import { tlsOver } from '../../lib/node/tls-duplex.ts'
import { toDuplex } from '../../lib/node/to-duplex.ts'
import { LocalServers, type LocalSocket } from '../support/local-servers.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'
import { turn } from '../support/turn.ts'

const BLOCK = new Uint8Array(65_536)

describe('TLS over a Duplex', function () {
  let servers: LocalServers

  beforeEach(() => {
    servers = new LocalServers()
  })
  afterEach(() => servers.stop())

  /** A TLS server at `address`, whose certificate is for target.test. */
  const serve = (address: string, listener: (socket: tls.TLSSocket) => void): Promise<void> => {
    const server = tls.createServer({ key: serverKey, cert: serverCertificate }, (socket) => {
      socket.on('error', () => undefined)
      listener(socket)
    })
    server.on('tlsClientError', () => undefined)
    return servers.add(address, server)
  }
  const connect = (hostname: string): LocalSocket => servers.connect({ hostname, port: 443 })

  it("refuses a certificate for another name, whatever the check of the caller's says", async () => {
    await serve('other.test:443', () => undefined)
    const secured = tlsOver(toDuplex(connect('other.test')), 'other.test', {
      ca: authority,
      checkServerIdentity: () => undefined,
    })
    const outcome = await Promise.race([
      once(secured, 'secureConnect').then(
        () => 'trusted',
        () => 'refused',
      ),
      once(secured, 'error').then(() => 'refused'),
    ])
    expect(outcome).to.equal('refused')
    secured.destroy()
  })

  it("refuses what the check of the caller's refuses", async () => {
    await serve('target.test:443', () => undefined)
    const secured = tlsOver(toDuplex(connect('target.test')), 'target.test', {
      ca: authority,
      checkServerIdentity: () => new Error('not the one that was pinned'),
    })
    const [error] = (await once(secured, 'error')) as [Error]
    expect(error.message).to.match(/pinned/)
  })

  it('reads no more than a little while nobody takes what came, and goes on then', async () => {
    const size = 200 * BLOCK.length
    await serve('target.test:443', (socket) => {
      let left = size
      const more = (): void => {
        left -= BLOCK.length
        if (left > 0) socket.write(BLOCK, (error) => (error ? undefined : more()))
        else socket.end(BLOCK)
      }
      more()
    })
    let below = 0
    const plain = connect('target.test')
    const readable = plain.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          below += chunk.length
          controller.enqueue(chunk)
        },
      }),
    )
    const secured = tlsOver(toDuplex({ ...plain, readable }), 'target.test', { ca: authority })
    await once(secured, 'readable')
    let seen = -1
    for (let quiet = 0; quiet < 20; quiet = below === seen ? quiet + 1 : 0) {
      seen = below
      await turn()
    }
    expect(below).to.be.at.most(8 * BLOCK.length)

    let taken = 0
    secured.on('data', (bytes: Uint8Array) => {
      taken += bytes.length
    })
    await once(secured, 'end')
    expect(taken).to.equal(size)
    secured.destroy()
  })
})
