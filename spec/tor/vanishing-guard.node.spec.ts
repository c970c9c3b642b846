import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import type { DirectoryRelay } from '../../lib/directory/network-directory.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { requireProgram } from '../support/programs.ts'
import { failure, get, readEach, request } from './support/client.ts'
import { LinkTap } from './support/link-tap.ts'
import { TorNetwork, type NetworkRelay } from './support/network.ts'

const MB = 1_000_000

/**
 * How many circuits are asked for when the guard is gone. Any of them may choose it as middle or exit: the directory
 * lists it still.
 */
const ROUNDS = 10

const fingerprintOf = ({ relay }: NetworkRelay): string => encodeHex(relay.rsaIdentity)

describe('A real guard that vanishes while a client uses it', function () {
  let network: TorNetwork
  let tor: TorClient

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    // Every relay is a guard too, the exits and the authority included.
    network = await TorNetwork.start({ authorities: 1, relays: 6, exits: 3 })
    const config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
    tor = await TorClient.open({
      network: config,
      transport: new LinkTap(),
      storage: new MemoryStorage(),
      timeout: 30_000,
    })
  })

  after(async () => {
    await tor?.close()
    await network?.stop()
  })

  /** Which guard circuits to this exit have, as the client itself tells of streams that come to nothing. */
  async function guardOf(exit: (relay: DirectoryRelay) => boolean): Promise<NetworkRelay> {
    const { attempts } = (await failure(tor.connect('nx.name.test:80', { exit }).opened)) as SocketError
    const guards = new Set(attempts.map(({ fingerprints: [guard] }) => guard))
    expect([...guards]).to.have.length(1)
    const found = network.relays.find((relay) => guards.has(fingerprintOf(relay)))
    if (found === undefined) throw new Error('the client tells of a guard that the network does not have')
    return found
  }

  it('breaks the stream on it, and the next ones work over another', async () => {
    const target = `some.name.test:${network.httpPort}`
    const [exit] = network.relays.filter(({ isExit }) => isExit).map(fingerprintOf)
    const toExit = ({ fingerprint }: DirectoryRelay): boolean => fingerprint === exit
    const guard = await guardOf(toExit)
    const socket = tor.connect(target, { exit: toExit })
    await request(socket, `/${500 * MB}`)
    let kill: Promise<void> | undefined
    const reading = readEach(socket.readable, () => void (kill ??= guard.kill()))
    expect(await failure(reading)).to.have.property('code', 'LINK_CLOSED')
    expect(await failure(socket.closed)).to.have.property('code', 'LINK_CLOSED')
    await kill

    for (let round = 0; round < ROUNDS; round++) {
      expect((await get(tor.connect(target, { isolation: round }), '/')).text()).to.contain('ok')
    }
    expect(await guardOf(toExit)).to.not.equal(guard)
  })
})
