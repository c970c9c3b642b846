import { expect } from 'chai'
import { defaultStorage } from '../../lib/client/default-storage.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { NetworkConfig } from '../../lib/directory/network/network-config.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import { MemoryStorage, type Storage } from '../../lib/platform/storage/storage.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { echo } from '../../lib/testing/exit/exits.ts'

const authority = (digit: string): NetworkConfig['authorities'][number] =>
  ({
    nickname: `authority${digit}`,
    v3Identity: digit.repeat(40),
    fingerprint: digit.repeat(40),
    address: { hostname: '192.0.2.1', port: 9001 },
  }) as never

const network = (digits: string, testing?: boolean): NetworkConfig => ({
  authorities: [...digits].map(authority),
  fallbacks: [],
  ...(testing === undefined ? {} : { testing }),
})

describe('The storage of a client whose user gives none', () => {
  const places: (string | undefined)[] = []
  const platform = {
    storage: async (place?: string): Promise<Storage> => {
      places.push(place)
      return new MemoryStorage()
    },
  }

  const placesOf = async (...networks: ('public' | NetworkConfig)[]): Promise<readonly (string | undefined)[]> => {
    places.length = 0
    for (const each of networks) await defaultStorage(each, platform)
    return [...places]
  }

  it("is the runtime's own for the public network", async () => {
    expect(await placesOf('public')).to.deep.equal([undefined])
  })

  it('is a place of its own for every other network, by who may sign its consensus', async () => {
    const [one, other, same, tested] = await placesOf(network('AB'), network('AC'), network('BA'), network('AB', false))
    expect(one).to.match(/^[0-9a-f]{16}$/)
    expect(other)
      .to.match(/^[0-9a-f]{16}$/)
      .and.not.equal(one)
    expect([same, tested]).to.deep.equal([one, one])
  })

  it('is memory for a network for tests', async () => {
    expect(await placesOf(network('AB', true))).to.deep.equal([])
    expect(await defaultStorage(network('AB', true), platform)).to.be.an.instanceOf(MemoryStorage)
  })

  it('lets one test network come after another, and leaves what is kept of the public one as it is', async () => {
    const kept = new MemoryStorage()
    const own = { ...currentPlatform(), storage: async (): Promise<Storage> => kept }
    await kept.write('guards', new TextEncoder().encode('the guards of the public network'))
    for (let turn = 0; turn < 2; turn++) {
      const network = await TestNetwork.start({ authorities: 1, exit: echo() })
      const tor = await TorClient.open({ network: network.config, transport: network.transport, platform: own })
      await tor.connect('any.test:80').opened
      await tor.close()
      await network.close()
    }
    expect(new TextDecoder().decode(await kept.read('guards'))).to.equal('the guards of the public network')
  })
})
