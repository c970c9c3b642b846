import { expect } from 'chai'
import type { TorClient } from '../../lib/client/tor-client.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { ClientFixture } from './support/client-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

for (const congestionControl of [true, false]) {
  describe(`A client's circuits to directories (${congestionControl ? 'congestion control' : 'windows'})`, () => {
    let fixture: ClientFixture
    let tor: TorClient
    /** The handshakes of circuits as relays were asked for them: by each link the types in order. 1 is CREATE_FAST. */
    let handshakes: number[]

    before(async () => {
      fixture = await ClientFixture.start({ congestionControl })
    })
    beforeEach(async () => {
      handshakes = []
      for (const relay of fixture.network.relays)
        relay.answerCreate = ({ handshakeType }) => {
          handshakes.push(handshakeType)
          return 'answer'
        }
      tor = await fixture.open()
    })
    afterEach(() => fixture.tidy())
    after(() => fixture.end())

    /** Circuits of one hop that have carried requests. */
    const directory = (): TestCircuit[] =>
      fixture.network.circuits.filter(({ hops }) => hops.length === 1 && (hops[0]?.streams.size ?? 0) > 0)
    const requests = (): number => fixture.network.directory.requests.length

    it('are built by CREATE_FAST as long as nothing is known of the relay, and kept: one is enough for all documents', () => {
      expect(handshakes.filter((type) => type === 1)).to.have.length(directory().length)
      expect(requests()).to.be.above(directory().length)
      expect(directory().every(({ closed }) => !closed)).to.equal(true)
    })

    it('go when ten minutes are over, and their links some minutes later', async () => {
      const first = directory()
      fixture.clock.advance(10 * MINUTE - 1)
      await fixture.quiet()
      expect(first.filter(({ closed }) => closed)).to.have.length(0)
      fixture.clock.advance(31_000)
      await fixture.network.when(() => first.every(({ closed }) => closed))
      // A guard may have been asked: its link has other circuits.
      const isInUse = (link: TestCircuit['link']): boolean =>
        fixture.network.circuits.some((circuit) => circuit.link === link && !circuit.closed)
      const links = first.map(({ link }) => link).filter((link) => !isInUse(link))
      expect(links.filter(({ closed }) => closed)).to.have.length(0)
      fixture.clock.advance(270_000)
      await fixture.network.when(() => links.every(({ closed }) => closed))
    })

    it('are built as any others when the relay is known, with its flow control, and asked again while they last', async () => {
      fixture.network.directory.requests.length = 0
      const before = directory().length
      handshakes.length = 0
      fixture.clock.advance(3 * HOUR) // The next consensus is asked for before the first one is no longer valid.
      await fixture.passing(fixture.network.when(() => requests() > 0))
      await fixture.quiet()
      const [circuit] = directory().slice(before)
      expect(handshakes).to.not.include(1)
      expect(circuit?.flow.rules.kind).to.equal(congestionControl ? 'congestion-control' : 'windows')
      expect(circuit?.closed).to.equal(false)
    })

    it('and all others are not told of when the client closes: the links are closed, that is all', async () => {
      await fixture.passing(tor.connect('example.com:80').opened)
      const alive = fixture.network.circuits.filter(({ closed }) => !closed)
      expect(alive.length).to.be.above(1)
      const guards = alive.filter(({ link }) => link.fromClient)
      await fixture.passing(tor.close())
      await fixture.network.when(() => alive.every(({ closed }) => closed))
      expect(guards.map(({ destroyReceived }) => destroyReceived)).to.deep.equal(guards.map(() => undefined))
    })

    it('are told of by a DESTROY that says nothing of the reason when they are closed before', async () => {
      const first = directory()
      fixture.clock.advance(11 * MINUTE)
      await fixture.network.when(() => first.every(({ closed }) => closed))
      expect(first.map(({ destroyReceived }) => destroyReceived)).to.deep.equal(first.map(() => 0))
    })
  })
}
