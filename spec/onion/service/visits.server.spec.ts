import { expect } from 'chai'
import { TorClient } from '../../../lib/client/tor-client.ts'
import { OnionClientKeyPair } from '../../../lib/onion/identity/client-key-pair.ts'
import type { OnionService } from '../../../lib/onion/service/onion-service.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'

const SIZE = 300_000

for (const congestionControl of [true, false]) {
  describe(`An onion service and its client, with ${congestionControl ? 'congestion control' : 'windows'}`, function () {
    let network: TestNetwork
    let tor: TorClient
    let visitor: TorClient
    let service: OnionService

    before(async () => {
      network = await TestNetwork.start({ relays: 8, authorities: 1, congestionControl })
      const open = (): Promise<TorClient> =>
        TorClient.open({ network: network.config, transport: network.transport, storage: new MemoryStorage() })
      ;[tor, visitor] = await Promise.all([open(), open()])
      service = await tor.serve({ ports: [80] })
      await service.published
    })
    after(async () => {
      await visitor?.close()
      await tor?.close()
      await network?.close()
    })

    async function pair(): Promise<[TorStream, TorStream]> {
      const ours = visitor.connect(`${service.hostname}:80`)
      const reader = service.incoming.getReader()
      const { value } = await reader.read()
      reader.releaseLock()
      await ours.opened
      return [ours, value as TorStream]
    }

    it('meet, and bytes go whole both ways at once', async () => {
      const [ours, visited] = await pair()
      expect((await ours.opened).flowControl).to.equal((await visited.opened).flowControl)
      const bytes = new Uint8Array(SIZE).map((_, at) => at % 251)
      const send = async (socket: TorStream): Promise<void> => {
        const writer = socket.writable.getWriter()
        await writer.write(bytes.slice())
        writer.releaseLock()
      }
      const receive = async (socket: TorStream): Promise<number> => {
        const reader = socket.readable.getReader()
        let received = 0
        while (received < SIZE) {
          const { value } = await reader.read()
          if (value?.some((byte, at) => byte !== (received + at) % 251) !== false) return -1
          received += value.length
        }
        reader.releaseLock()
        return received
      }
      const all = await Promise.all([send(ours), send(visited), receive(ours), receive(visited)])
      expect(all.slice(2)).to.deep.equal([SIZE, SIZE])
      await visited.close()
      await ours.closed
    })

    it('are shown by the clients of both, each with the stream on its circuit', async () => {
      const [ours, visited] = await pair()
      const address = `${service.hostname}:80`
      const writer = visited.writable.getWriter()
      await writer.write(new Uint8Array(1000))
      await turn() // its last bytes go out
      const shown = (client: TorClient): { target: string; state: string; bytesOut: number; purpose: string }[] =>
        client.circuits.flatMap(({ purpose, streams }) =>
          streams
            .filter(({ target }) => target === address)
            .map(({ target, state, bytesOut }) => ({ target, state, bytesOut, purpose })),
        )
      expect(shown(tor)).to.deep.equal([{ target: address, state: 'open', bytesOut: 1000, purpose: 'onion' }])
      expect(shown(visitor)).to.deep.equal([{ target: address, state: 'open', bytesOut: 0, purpose: 'onion' }])
      const waiting = visitor.connect(address)
      const reader = tor.watch().getReader()
      for (;;) {
        const { value } = await reader.read()
        if (value?.type === 'stream' && value.stream.state === 'connecting') break
      }
      await reader.cancel()
      expect(service.status.waiting).to.equal(1)
      await waiting.close()
      await ours.close()
      await visited.closed
      expect(shown(tor).filter(({ state }) => state === 'open')).to.deep.equal([])
    })

    it('know nothing of each other but an address and a port', async () => {
      const [ours, visited] = await pair()
      const { remoteAddress, localAddress } = await visited.opened
      expect([remoteAddress, localAddress]).to.deep.equal([undefined, `${service.hostname}:80`])
      await ours.close()
      await visited.closed
    })

    it('meet where the service may ask for proofs of work', async () => {
      await using defended = await tor.serve({ ports: [80], pow: true })
      await defended.published
      const ours = visitor.connect(`${defended.hostname}:80`)
      const { value } = await defended.incoming.getReader().read()
      await ours.opened
      await value?.close()
      await ours.closed
    })

    it('do not meet without a key where the service has clients', async () => {
      const client = OnionClientKeyPair.generate()
      await using restricted = await tor.serve({ ports: [80], clients: [client.publicKey] })
      await restricted.published
      const address = `${restricted.hostname}:80`
      expect(await codeOf(visitor.connect(address).opened)).to.equal('ONION_AUTHORIZATION_MISSING')
      const socket = visitor.connect(address, { onionAuth: client.secret })
      const reader = restricted.incoming.getReader()
      const { value } = await reader.read()
      await socket.opened
      await value?.close()
    })
  })
}

describe('A client that serves', function () {
  it('closes its services with itself, and serves no more', async () => {
    const network = await TestNetwork.start({ relays: 8, authorities: 1 })
    const tor = await TorClient.open({
      network: network.config,
      transport: network.transport,
      storage: new MemoryStorage(),
    })
    const service = await tor.serve({ ports: [80] })
    await service.published
    const bad = [{ ports: [] }, { ports: [0] }, { ports: [80], key: 'none' }, { ports: [80], clients: ['none'] }]
    for (const options of [...bad, { ports: [80], introductionPoints: 21 }, { ports: [80], backlog: 0 }]) {
      const failure: unknown = await tor.serve(options).catch((error: unknown) => error)
      expect(failure instanceof TypeError || failure instanceof RangeError, JSON.stringify(options)).to.equal(true)
    }
    await tor.close()
    await service.closed
    expect(service.status.phase).to.equal('closed')
    expect(await codeOf(tor.serve({ ports: [80] }))).to.equal('CIRCUIT_CLOSED')
    await network.close()
  })
})
