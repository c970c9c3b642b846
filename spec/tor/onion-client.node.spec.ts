import { x25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import type { ConnectOptions } from '../../lib/client/connect-options.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { formatOnionAddress, parseOnionAddress } from '../../lib/onion/identity/address.ts'
import { encodeBase32 } from '../../lib/onion/identity/base32.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { listenSocks } from '../../lib/node/listen-socks.ts'
import { NOBODY } from '../onion/support/nobody.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, get, upload } from './support/client.ts'
import { LinkTap } from './support/link-tap.ts'
import { socksGet } from './support/socks-get.ts'
import { TorNetwork, type OnionServiceProcess } from './support/network.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

/** How much goes each way in one stream. */
const SIZE = 20_000_000

const TURNS = 50

/** A key pair of a client, as files and options have it. */
function clientKey(): { readonly secret: string; readonly publicKey: string } {
  const secret = x25519.utils.randomSecretKey()
  return { secret: encodeBase32(secret), publicKey: encodeBase32(x25519.getPublicKey(secret)).toUpperCase() }
}

describe('A client and an onion service of real tor', function () {
  const alice = clientKey()
  const tap = new LinkTap()
  let network: TorNetwork
  let service: OnionServiceProcess
  let restricted: OnionServiceProcess

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 1, relays: 5, exits: 1 })
    ;[service, restricted] = await Promise.all([
      network.startService('service'),
      network.startService('restricted', { clients: [alice.publicKey] }),
    ])
  })

  after(async () => {
    await network?.stop()
  })

  const open = (options: TorClientOptions = {}): Promise<TorClient> => {
    const authorities = parseDirAuthorityLines(network.dirAuthorityLines)
    return TorClient.open({
      network: { authorities, fallbacks: [], testing: true },
      transport: tap,
      storage: new MemoryStorage(),
      timeout: 60_000,
      ...options,
    })
  }

  for (const [congestionControl, flowControl] of [
    [true, 'congestion-control'],
    [false, 'windows'],
  ] as const) {
    describe(`with ${flowControl}`, () => {
      let tor: TorClient

      before(async () => {
        tor = await open({ congestionControl })
      })
      after(() => tor?.close())

      const connect = (options?: ConnectOptions): TorStream => tor.connect(`${service.onion}:80`, options)

      it('gets to a first byte, and tells nothing of addresses', async () => {
        const socket = connect()
        expect(await socket.opened).to.deep.equal({
          remoteAddress: undefined,
          localAddress: undefined,
          alpn: undefined,
          ttl: undefined,
          flowControl,
        })
        const answer = await get(socket, '/')
        expect([answer.status, answer.text()]).to.deep.equal([200, 'ok\n'])
      })

      it(`brings ${SIZE} bytes whole, one way and the other`, async () => {
        const sha256 = testBytesSha256(SIZE)
        expect(await download(connect(), SIZE)).to.deep.equal({ bytes: SIZE, sha256 })
        expect(await upload(connect(), SIZE)).to.deep.equal({ bytes: SIZE, sha256 })
      })

      it(`carries ${TURNS} streams at once, over one circuit`, async () => {
        const size = 100_000
        const sha256 = testBytesSha256(size)
        const all = await Promise.all(Array.from({ length: TURNS }, () => download(connect(), size)))
        for (const received of all) expect(received).to.deep.equal({ bytes: size, sha256 })
      })

      it('is reached by fetch, and by names below its own', async () => {
        expect(await (await tor.fetch(`http://${service.onion}/`)).text()).to.equal('ok\n')
        expect(await (await tor.fetch(`http://www.${service.onion}/7`)).bytes()).to.have.length(7)
      })

      it('is reached through the SOCKS port', async () => {
        await using server = await listenSocks({ connect: tor.connect, port: 0 })
        const answer = await socksGet(server.port, service.onion, 80, '/9', 30_000)
        expect(Buffer.from(answer).toString('latin1')).to.match(/^HTTP\/1\.1 200 /)
      })

      it('tells a refused port by what the service says', async () => {
        expect(await codeOf(tor.connect(`${service.onion}:81`).opened)).to.equal('END_DONE')
        expect((await get(connect(), '/')).status).to.equal(200)
      })

      it('reaches it for each isolation by itself', async () => {
        const other = connect({ isolation: 'other' })
        expect((await get(other, '/')).status).to.equal(200)
        expect((await get(tor.isolated().connect(`${service.onion}:80`), '/')).status).to.equal(200)
      })
    })
  }

  describe('whose discovery is restricted', () => {
    it('is reached with a key that it knows, of the client or of the stream', async () => {
      await using tor = await open({ onionAuth: { [restricted.onion]: alice.secret } })
      expect((await get(tor.connect(`${restricted.onion}:80`), '/')).status).to.equal(200)
      await using other = await open()
      const onionAuth = `descriptor:x25519:${alice.secret}`
      expect((await get(other.connect(`${restricted.onion}:80`, { onionAuth }), '/')).status).to.equal(200)
    })

    it('is not reached without a key, or with another one; and then with the right one', async () => {
      await using tor = await open()
      const codeWith = (options: ConnectOptions): Promise<string> =>
        codeOf(tor.connect(`${restricted.onion}:80`, options).opened)
      expect(await codeWith({})).to.equal('ONION_AUTHORIZATION_MISSING')
      expect(await codeWith({ onionAuth: clientKey().secret })).to.equal('ONION_AUTHORIZATION_WRONG')
      const socket = tor.connect(`${restricted.onion}:80`, { onionAuth: alice.secret })
      expect((await get(socket, '/')).status).to.equal(200)
    })
  })

  describe('that is not there', () => {
    it('is not found when no directory has its descriptor', async () => {
      await using tor = await open()
      const { code, attempts } = (await failure(tor.connect(`${NOBODY}:80`).opened)) as Awaited<
        ReturnType<typeof failure>
      > & { attempts: readonly unknown[] }
      expect(code).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
      expect(attempts).to.have.length(1)
    })

    it('is refused when its name cannot be one', async () => {
      await using tor = await open()
      const key = parseOnionAddress(service.onion) as Uint8Array
      expect(formatOnionAddress(key)).to.equal(service.onion)
      const mistyped = service.onion.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a'))
      expect(await codeOf(tor.connect(`${mistyped}:80`).opened)).to.equal('ONION_ADDRESS_INVALID')
      expect(() => tor.connect('expyuzz4wqqyqhjn.onion:80'))
        .to.throw()
        .with.property('code', 'ONION_ADDRESS_INVALID')
      expect(() => tor.resolve(service.onion))
        .to.throw()
        .with.property('code', 'ADDRESS_REFUSED')
    })

    it('is told apart when it has died and its descriptor lives', async function () {
      const dying = await network.startService('dying')
      await using tor = await open()
      expect((await get(tor.connect(`${dying.onion}:80`), '/')).status).to.equal(200)
      await dying.kill()
      const code = await codeOf(tor.isolated().connect(`${dying.onion}:80`).opened)
      expect(code).to.be.oneOf(['ONION_INTRODUCTION_FAILED', 'ONION_RENDEZVOUS_FAILED'])
    })
  })
})
