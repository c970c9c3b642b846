import { expect } from 'chai'
import type { TorError } from '../../../lib/base/errors.ts'
import type { TorClientOptions } from '../../../lib/client/client-options.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { ClientFixture, exit, guard, middle, pathOf } from '../support/client-fixture.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { digestOf, digestsOf, withhold } from '../support/withholding.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const GUARDS = 20
const EXITS = 18
/** So many that all exits but one are 28 % of the relays: by number enough would be left. */
const MIDDLES = 20

/**
 * How many of 20 equally likely draws a relay may be, where its chance is 1 in 18 or 20: more has a chance below 10^-9
 * (binomial: 7e-11 for 12 and more of 20 with 1/18).
 */
const MOST_OF_20 = 11

describe('Whoever serves the descriptions', function () {
  let fixture: ClientFixture
  let guards: TestRelay[]
  let exits: TestRelay[]
  let server: TestRelay
  let accomplice: TestRelay

  before(async () => {
    const names = (kind: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${kind}${index + 1}`)
    fixture = await ClientFixture.start({
      relays: [
        ...names('guard', GUARDS).map(guard),
        ...names('exit', EXITS).map((name) => exit(name)),
        ...names('middle', MIDDLES).map(middle),
      ],
    })
    const { relays } = fixture.network
    guards = relays.filter(({ nickname }) => nickname.startsWith('guard'))
    exits = relays.filter(({ nickname }) => nickname.startsWith('exit'))
    server = relays.at(-1) as TestRelay // an authority, neither guard nor exit
  })

  beforeEach(() => {
    fixture.network.directory.params = { 'guard-n-primary-guards-to-use': 1 }
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** Only this server is a fallback, so it is asked first; the authorities are there for whoever asks on. */
  const open = (seed: number, options: TorClientOptions = {}): Promise<TorClient> =>
    fixture.open({ network: fixture.servedBy(server), random: seededRandom(seed), ...options })

  /** The paths of streams under as many isolation tokens. */
  async function pathsOf(tor: TorClient, count: number): Promise<string[][]> {
    const paths: string[][] = []
    for (let index = 0; index < count; index++) {
      const host = `${'abcdefghijklmnopqrstuvwxyz'[index] as string}.example`
      await fixture.passing(tor.connect({ hostname: host, port: 80 }, { isolation: index }).opened)
      paths.push(pathOf(fixture.circuitOf(host)))
    }
    return paths
  }

  const everybody = (): TestRelay[] => [...fixture.network.relays]

  describe('and leaves out those of all exits but one', () => {
    beforeEach(() => {
      accomplice = exits[4] as TestRelay
    })
    const leaveOut = (servers: readonly TestRelay[]): void => {
      for (const each of servers)
        withhold(fixture.network, each, (relay) => relay !== accomplice && exits.includes(relay))
    }

    it('does not choose the exit: what one server did not give is had of others before the first circuit', async () => {
      leaveOut([server])
      const tor = await open(1)
      const paths = await pathsOf(tor, 20)
      const taken = paths.filter(([, , last]) => last === accomplice.nickname).length
      expect(taken, 'the accomplice as exit, of 20').to.be.at.most(MOST_OF_20)
      expect(new Set(paths.map(([, , last]) => last)).size).to.be.at.least(5)
    })

    it('gets nothing built when all servers do so, as the exits that are left have too little of the weight', async () => {
      leaveOut(everybody())
      const error = (await rejection(open(2))) as TorError
      expect(error.code).to.equal('DIRECTORY_UNAVAILABLE')
      expect(error.message).to.match(/\b\d+ % of the paths\b/)
      expect(fixture.built).to.equal(0)
    })

    it('does not do so by weight either, where the others are many and small', async () => {
      for (const relay of exits) relay.listing.bandwidth = relay === accomplice ? 1000 : 10_000
      // 1 of 18 exits by number has the descriptions of 1 in 171 by weight.
      for (const each of everybody())
        withhold(fixture.network, each, (relay) => relay === exits[0] || relay === exits[1])
      const tor = await open(3)
      await fixture.passing(tor.connect('example.com:80').opened)
      for (const each of everybody())
        withhold(fixture.network, each, (relay) => relay !== accomplice && exits.indexOf(relay) >= 8)
      const error = (await rejection(open(3, { storage: new MemoryStorage() }))) as TorError
      expect(error.code).to.equal('DIRECTORY_UNAVAILABLE')
      for (const relay of exits) relay.listing.bandwidth = 1000
    })

    it('can be told how much must be there by the consensus: min_paths_for_circs_pct', async () => {
      const half = exits.filter((_, index) => index % 2 === 0)
      for (const each of everybody()) withhold(fixture.network, each, (relay) => half.includes(relay))
      expect(((await rejection(open(4))) as TorError).code).to.equal('DIRECTORY_UNAVAILABLE')
      fixture.network.directory.params = { min_paths_for_circs_pct: 40 }
      const tor = await open(4, { storage: new MemoryStorage() })
      await fixture.passing(tor.connect('example.com:80').opened)
    })
  })

  describe('and leaves out those of all guards but one', () => {
    beforeEach(() => {
      accomplice = guards[7] as TestRelay
    })
    const leaveOut = (servers: readonly TestRelay[]): void => {
      for (const each of servers)
        withhold(fixture.network, each, (relay) => relay !== accomplice && guards.includes(relay))
    }

    it('does not choose the guard of fresh clients, and none fails to open for it', async () => {
      leaveOut([server])
      let taken = 0
      const chosen = new Set<string>()
      for (let client = 0; client < 20; client++) {
        const tor = await open(100 + client, { storage: new MemoryStorage() })
        const [[first]] = (await pathsOf(tor, 1)) as [[string]]
        if (first === accomplice.nickname) taken += 1
        chosen.add(first)
        await fixture.passing(tor.close())
      }
      expect(taken, 'the accomplice as guard, of 20').to.be.at.most(MOST_OF_20)
      expect(chosen.size).to.be.at.least(5)
    })

    it('gets nothing built when all servers do so, and has no say in the guards that are kept', async () => {
      leaveOut(everybody())
      const error = (await rejection(open(5))) as TorError
      expect(error.code).to.equal('DIRECTORY_UNAVAILABLE')
      expect(fixture.built).to.equal(0)
      // They are those of the consensus: that was there before.
      const guards = new TextDecoder().decode(await fixture.storage.read('guards'))
      const kept = fixture.network.relays.filter((relay) => guards.includes(encodeHex(relay.description.rsaIdentity)))
      expect(kept.length).to.be.above(1)
      for (const relay of fixture.network.relays) relay.serve = undefined
      await fixture.passing((await open(5)).connect('example.com:80').opened)
    })

    it('cannot move a client on to its second guard by leaving out the first one alone', async () => {
      const first = await open(6)
      const [[name]] = (await pathsOf(first, 1)) as [[string]]
      await fixture.passing(first.close())
      await fixture.storage.remove('microdescriptors')
      for (const each of everybody()) withhold(fixture.network, each, ({ nickname }) => nickname === name)
      expect(((await rejection(open(7))) as TorError).code).to.equal('DIRECTORY_UNAVAILABLE')
      for (const relay of fixture.network.relays) relay.serve = undefined
      const again = await open(8)
      expect((await pathsOf(again, 1))[0]?.[0]).to.equal(name)
    })
  })

  it('and leaves some out is asked after the others from then on', async () => {
    const hidden = exits[0] as TestRelay
    withhold(fixture.network, server, (relay) => relay === hidden)
    const other = fixture.network.relays.at(-2) as TestRelay
    const network = { ...fixture.servedBy(server, other), authorities: fixture.network.config.authorities }
    await fixture.open({ network, random: seededRandom(9) })
    const asked = fixture.network.directory.requests.filter((request) =>
      digestsOf(request).includes(digestOf(fixture.network, hidden)),
    )
    expect(asked.length).to.be.within(1, 2)
  })

  it('and has none of a description that nobody has is not asked for it again and again', async () => {
    const hidden = exits[0] as TestRelay
    for (const each of everybody()) withhold(fixture.network, each, (relay) => relay === hidden)
    const tor = await open(10)
    fixture.network.directory.requests.length = 0
    const asked = (): number =>
      fixture.network.directory.requests.filter((request) =>
        digestsOf(request).includes(digestOf(fixture.network, hidden)),
      ).length
    for (let minutes = 0; minutes < 60; minutes++) {
      const before = asked()
      fixture.clock.advance(MINUTE)
      await fixture.passing(tor.connect('example.com:80', { isolation: minutes % 2 }).opened)
      await fixture.quiet() // Or the next minute would be the end of a request on its way.
      // Nobody waits for it: one server after the other, as a tor client asks.
      expect(asked() - before).to.be.at.most(1)
    }
    // Of one server each time, and not again for 1, 2, 4, 8 and then 10 minutes.
    expect(asked()).to.be.within(6, 9)
    expect(new Set(fixture.network.directory.requests.map(({ relay }) => relay)).size).to.be.at.most(3)
    expect(fixture.network.directory.requests.every(({ relay }) => guards.includes(relay as TestRelay))).to.equal(true)
  })

  it('or a consensus, as the guards of a client, has nobody else asked as long as the directory that is there may be used', async () => {
    const tor = await open(11)
    for (const relay of guards) relay.lie = 'not-found'
    fixture.network.directory.requests.length = 0
    for (let hour = 0; hour < 12; hour++) {
      fixture.clock.advance(HOUR)
      await fixture.passing(tor.connect('example.com:80').opened)
      await fixture.quiet()
    }
    const asked = new Set(fixture.network.directory.requests.map(({ relay }) => relay))
    expect(asked.size).to.equal(3)
    for (const relay of asked) expect(guards).to.include(relay)
  })
})
