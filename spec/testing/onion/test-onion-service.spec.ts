import { x25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { TorClient } from '../../../lib/client/tor-client.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { echo as echoOf, pattern, source } from '../../../lib/testing/exit/exits.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { socketCodeOf } from '../../support/failures.ts'

const SIZE = 1_500_000
const echoes = echoOf()

/** The first so many bytes. */
async function take(readable: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const reader = readable.getReader()
  for (let size = 0; size < length;) {
    const { value, done } = await reader.read()
    if (done) break
    bytes.set(value, size)
    size += value.length
  }
  reader.releaseLock()
  return bytes
}

describe('An onion service of a test network', function () {
  for (const congestionControl of [true, false]) {
    describe(congestionControl ? 'with congestion control' : 'with windows', () => {
      let network: TestNetwork
      let tor: TorClient

      before(async () => {
        network = await TestNetwork.start({ relays: 8, authorities: 1, congestionControl })
        tor = await TorClient.open({
          network: network.config,
          transport: network.transport,
          storage: new MemoryStorage(),
        })
      })
      after(async () => {
        await tor?.close()
        await network?.close()
      })

      it('is met, and carries bytes whole in both directions', async () => {
        const service = network.onionService({ exit: source({ length: SIZE }) })
        const socket = tor.connect(`${service.hostname}:80`)
        const { flowControl, remoteAddress } = await socket.opened
        expect([flowControl, remoteAddress]).to.deep.equal([
          congestionControl ? 'congestion-control' : 'windows',
          undefined,
        ])
        const bytes = new Uint8Array(await new Response(socket.readable).arrayBuffer())
        expect(bytes).to.deep.equal(pattern(0, SIZE))
        await socket.close()
        expect(service.introductions.map(({ size }) => size)).to.deep.equal([490])
        const [end] = service.circuits
        expect(end?.flow.rules.kind).to.equal(congestionControl ? 'congestion-control' : 'windows')
        expect(end?.violation).to.equal(undefined)

        const asked: unknown[] = []
        const echo = network.onionService({
          exit: (request) => {
            asked.push([request.host, request.port, request.flags])
            return echoes(request)
          },
        })
        const back = tor.connect(`${echo.hostname}:80`)
        const received = take(back.readable, SIZE)
        await back.writable.getWriter().write(pattern(0, SIZE))
        expect(await received).to.deep.equal(pattern(0, SIZE))
        await back.close()
        expect(echo.circuits[0]?.violation).to.equal(undefined)
        expect(asked, 'a port, and neither a name nor flags').to.deep.equal([['', 80, 0]])
      })

      it('may be read by clients that it knows, and by no others', async () => {
        const pairs = Array.from({ length: 17 }, () => x25519.keygen())
        const service = network.onionService({ clients: pairs.map(({ publicKey }) => publicKey) })
        const address = `${service.hostname}:80`
        const onionAuth = pairs[16]?.secretKey as Uint8Array
        await tor.connect(address, { onionAuth, isolation: 'known' }).opened
        expect(await socketCodeOf(tor.connect(address).opened)).to.equal('ONION_AUTHORIZATION_MISSING')
        const other = tor.connect(address, { onionAuth: x25519.utils.randomSecretKey() })
        expect(await socketCodeOf(other.opened)).to.equal('ONION_AUTHORIZATION_WRONG')
      })

      it('closes its circuits, and is not introduced any more', async () => {
        const service = network.onionService()
        const socket = tor.connect(`${service.hostname}:80`)
        await socket.opened
        service.close()
        expect(await socketCodeOf(socket.closed)).to.equal('CIRCUIT_TRUNCATED')
        const code = await socketCodeOf(tor.connect(`${service.hostname}:80`).opened)
        expect(code).to.equal('ONION_INTRODUCTION_FAILED')
      })
    })
  }

  it('is had only in a network with a directory, with as many introduction points as there are relays', async () => {
    const bare = await TestNetwork.start({ relays: 1 })
    expect(() => bare.onionService()).to.throw('has no directory')
    await bare.close()
    const network = await TestNetwork.start({ authorities: 1 })
    expect(() => network.onionService({ introductionPoints: 6 })).to.throw(RangeError, 'introductionPoints')
    expect(() => network.onionService({ points: 3 } as object)).to.throw(TypeError, 'points')
    await network.close()
  })
})
