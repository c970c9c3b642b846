import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf } from './support/client.ts'
import { listedPoints } from './support/listed-points.ts'
import { TorNetwork, type NetworkRelay, type OnionServiceProcess } from './support/network.ts'

/** A client of tor 0.4.9.11 that was asked the same said so after as many seconds: 52 and 121. */
const LIMIT = 45_000

describe('An onion service of real tor, and relays that are lost:', function () {
  let network: TorNetwork | undefined
  let service: OnionServiceProcess
  let tor: TorClient | undefined

  before(function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
  })

  afterEach(async () => {
    await tor?.close()
    await network?.stop()
  })

  /** A client that has met nobody yet, beside a service. */
  async function start(relays: number, params: readonly string[], directories: number): Promise<TorNetwork> {
    network = await TorNetwork.start({ authorities: 1, relays, exits: 1, params })
    service = await network.startService('service', { directories })
    const authorities = parseDirAuthorityLines(network.dirAuthorityLines)
    tor = await TorClient.open({
      network: { authorities, fallbacks: [], testing: true },
      storage: new MemoryStorage(),
      timeout: 60_000,
    })
    return network
  }

  /** The service ends first: it would find others in their place, now and then before the client has given up. */
  async function lose(relays: readonly NetworkRelay[]): Promise<void> {
    await service.kill()
    await Promise.all(relays.map((relay) => relay.kill()))
  }

  /** What a client that has not met the service is told, and after how long. */
  async function told(what: string): Promise<string> {
    const begun = performance.now()
    const socket = (tor as TorClient).connect(`${service.onion}:80`, { timeout: LIMIT })
    const code = await codeOf(socket.opened)
    console.log(`      ${what} lost: ${code} after ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
    return code
  }

  it('all introduction points: nobody brings a client to it, and that is said within 45 s', async () => {
    const started = await start(9, [], 4)
    const points = await listedPoints(started, service.onion)
    expect(points).to.have.length(3)
    await lose(points)
    expect(await told('introduction points')).to.equal('ONION_INTRODUCTION_FAILED')
  })

  it('all that keep its descriptor: it is not found, and that is said within 45 s', async () => {
    const started = await start(6, ['hsdir_n_replicas=1', 'hsdir_spread_store=2', 'hsdir_spread_fetch=2'], 2)
    const kept = new Set(
      [...service.log().matchAll(/descriptor of revision \d+ initiated upload request to \$[0-9A-F]{40}~(\w+)/g)].map(
        ([, nickname]) => nickname,
      ),
    )
    expect(kept.size).to.be.within(2, 4)
    await lose(started.relays.filter(({ nickname }) => kept.has(nickname)))
    expect(await told('directories')).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
  })
})
