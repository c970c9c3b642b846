import { expect } from 'chai'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import { ChannelPool } from '../../../lib/client/circuits/channel-pool.ts'
import type { LinkPaddingMode } from '../../../lib/channel/link-padding.ts'
import type { Relay } from '../../../lib/relay.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'

describe('The channels of a client', () => {
  let network: TestNetwork
  let pool: ChannelPool
  let path: Relay[]

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3 })
    pool = new ChannelPool({ transport: network.transport })
    path = [...network.path(3)]
  })

  afterEach(async () => {
    await pool.close()
    await network.close()
  })

  const guard = (): Relay => path[0] as Relay
  /** As the directory's server is known: by its RSA identity alone. */
  const server = (): { addresses: Relay['addresses']; rsaIdentity: Uint8Array } => ({
    addresses: guard().addresses,
    rsaIdentity: guard().rsaIdentity,
  })
  /** The guard by another Ed25519 identity than the one that it has. */
  const other = (): Relay => ({ ...guard(), ed25519Identity: (path[1] as Relay).ed25519Identity })

  it('that were dialled for the directory are shared with circuits whose guard has proved the identities it is known by', async () => {
    const dialled = pool.get('G', server())
    expect(pool.get('G', guard())).to.equal(dialled)
    expect((await dialled).identity).to.deep.equal({
      rsaIdentity: guard().rsaIdentity,
      ed25519Identity: guard().ed25519Identity,
    })
    expect(pool.get('G', guard())).to.equal(dialled)
    const circuit = Circuit.open(path, { channel: dialled })
    await circuit.opened
    await circuit.close()
    expect(network.dials).to.have.length(1)
  })

  it('that were dialled for the directory are no way to a guard of another Ed25519 identity', async () => {
    const dialled = pool.get('G', server())
    await dialled
    const anew = pool.get('G', other())
    expect(anew).to.not.equal(dialled)
    expect(await codeOf(anew)).to.equal('LINK_IDENTITY')
  })

  for (const kind of ['Circuit.open', 'Circuit.openToDirectory'] as const) {
    it(`carry no circuit to a relay that they have not been proved to lead to, begun while they are dialled (${kind})`, async () => {
      const dialled = pool.get('G', server())
      const shared = pool.get('G', other())
      expect(shared, 'one that is being dialled is shared').to.equal(dialled)
      const circuit =
        kind === 'Circuit.open'
          ? Circuit.open([other(), ...path.slice(1)], { channel: shared })
          : Circuit.openToDirectory(other(), { channel: shared })
      expect(await codeOf(circuit.opened)).to.equal('LINK_IDENTITY')
      expect(network.circuits).to.have.length(0)
    })
  }

  it('are refused at once where one that is open leads to another relay, by either identity', async () => {
    const channel = await pool.get('G', server())
    const [, middle] = path as [Relay, Relay]
    for (const first of [other(), { ...guard(), rsaIdentity: middle.rsaIdentity }, middle])
      expect(() => Circuit.open([first], { channel })).to.throw(TypeError, 'another relay')
  })

  describe('without a circuit', () => {
    const MINUTE = 60_000
    const SECOND = 1000
    let clock: FakeClock

    /** A pool whose random numbers are all the largest, or all 0. */
    const start = async (isMost: boolean, linkPadding: LinkPaddingMode = 'normal'): Promise<void> => {
      clock = new FakeClock()
      await network.close()
      network = await TestNetwork.start({ relays: 3, clock })
      path = [...network.path(3)]
      const random = (limit: number): number => (isMost ? limit - 1 : 0)
      pool = new ChannelPool({ transport: network.transport, clock, random, linkPadding })
    }
    const links = (): number =>
      network.relays.flatMap((relay) => relay.links).filter(({ fromClient, closed }) => fromClient && !closed).length

    for (const [isMost, mode, seconds] of [
      [false, 'normal', 180],
      [true, 'normal', 269],
      [false, 'off', 180],
      [false, 'reduced', 90],
      [true, 'reduced', 134],
    ] as const) {
      it(`are closed after ${seconds} seconds (padding ${mode}, ${isMost ? 'most' : 'least'})`, async () => {
        await start(isMost, mode)
        const channel = pool.get('G', guard())
        await channel
        clock.advance((seconds - 1) * SECOND)
        await turn(5)
        expect([links(), pool.get('G', guard()) === channel]).to.deep.equal([1, true])
        clock.advance(SECOND)
        await network.when(() => links() === 0)
        await turn(10)
        expect(pool.isShared('G', channel)).to.equal(false)
        expect(clock.timers).to.equal(0)
      })
    }

    it('are kept while they have one, and have all of their time after it', async () => {
      await start(false)
      const channel = pool.get('G', guard())
      const circuits = [0, 1].map(() => Circuit.open(path, { channel, clock, timeout: Infinity }))
      for (const { closed } of circuits) pool.hold(channel, closed)
      await Promise.all(circuits.map(({ opened }) => opened))
      clock.advance(30 * MINUTE)
      await turn(5)
      await circuits[0]?.close()
      clock.advance(30 * MINUTE)
      await turn(5)
      expect(links()).to.equal(1)
      await circuits[1]?.close()
      clock.advance(2 * MINUTE)
      const another = Circuit.open(path, { channel: pool.get('G', guard()), clock, timeout: Infinity })
      pool.hold(channel, another.closed)
      await another.opened
      clock.advance(2 * MINUTE)
      await another.close()
      clock.advance(179 * SECOND)
      await turn(5)
      expect(links()).to.equal(1)
      clock.advance(SECOND)
      await network.when(() => links() === 0)
      expect(network.dials).to.have.length(1)
    })
  })
})
