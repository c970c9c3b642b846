import { expect } from 'chai'
import type { Clock } from '../../lib/base/waiting/clock.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { ExitRefusal, type ExitHandler } from '../../lib/testing/exit/exit.ts'
import { echo } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { codeOf, rejection } from '../stream/support/stream-fixture.ts'
import { seed } from '../support/seed.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture, exchange, exit, guard, pathOf } from './support/client-fixture.ts'
import { seededRandom } from './support/seeded-random.ts'

const MINUTE = 60_000

describe('TorClient: circuits', function () {
  let fixture: ClientFixture
  let tor: TorClient

  before(async () => {
    fixture = await ClientFixture.start({
      relays: [
        guard('guard1'),
        guard('guard2'),
        guard('guard3'),
        exit('exit1'),
        exit('exit2'),
        exit('exit3', { exitPolicy: 'accept 80,443' }),
      ],
    })
  })

  beforeEach(async () => {
    tor = await fixture.open()
  })

  afterEach(async () => {
    for (const relay of fixture.network.relays) relay.exit = echo()
    await fixture.tidy()
  })

  after(() => fixture.end())

  let hosts = 0

  /** An open stream to a host that no other spec asks for, and its circuit. */
  async function open(
    options?: Parameters<TorClient['connect']>[1],
    client = tor,
    port = 80,
  ): Promise<{ socket: TorStream; circuit: TestCircuit }> {
    const host = `host${hosts++}.example`
    const socket = client.connect({ hostname: host, port }, options)
    await fixture.passing(socket.opened)
    return { socket, circuit: fixture.circuitOf(host) }
  }

  const relay = (nickname: string): TestRelay =>
    fixture.network.relays.find((each) => each.nickname === nickname) as TestRelay
  const exits = (): TestRelay[] => fixture.network.relays.filter(({ nickname }) => nickname.startsWith('exit'))
  const exitOf = (circuit: TestCircuit): string => pathOf(circuit).at(-1) as string

  describe('are shared', () => {
    it('by streams that nothing sets apart, lookups too', async () => {
      const circuits = [await open(), await open(), await open({ isolation: undefined })].map(({ circuit }) => circuit)
      expect(new Set(circuits).size).to.equal(1)
    })

    it('by nobody whose tokens differ, or who came through another view', async () => {
      const shared = { any: 'object' }
      const views = [tor, tor.isolated()]
      const tokens = [undefined, 'a', 1, '1', shared, { any: 'object' }, Symbol('a'), Symbol('a')]
      const seen = new Map<TestCircuit, unknown>()
      for (const view of views) {
        for (const token of tokens) {
          const { circuit } = await open({ isolation: token }, view)
          const again = await open({ isolation: token }, view)
          expect(again.circuit).to.equal(circuit)
          expect(seen.has(circuit)).to.equal(false)
          seen.set(circuit, token)
        }
      }
      expect(seen.size).to.equal(views.length * tokens.length)
    })

    it('by nobody whose tokens differ, though all of them come at once and none is ready', async () => {
      fixture.clock.advance(31 * MINUTE) // what was ready is not trusted any more
      const started = Array.from({ length: 40 }, (_, index) => open({ isolation: index % 8 }))
      const circuits = (await Promise.all(started)).map(({ circuit }) => circuit)
      const byToken = new Map<number, Set<TestCircuit>>()
      circuits.forEach((circuit, index) => byToken.set(index % 8, (byToken.get(index % 8) ?? new Set()).add(circuit)))
      const all = [...byToken.values()].flatMap((set) => [...set])
      expect(new Set(all).size, 'no circuit has two tokens').to.equal(all.length)
      expect(all.length).to.be.at.most(8)
    })

    it('for ten minutes from the first stream on', async () => {
      const first = await open()
      fixture.clock.advance(9 * MINUTE)
      expect((await open()).circuit).to.equal(first.circuit)
      fixture.clock.advance(MINUTE)
      const later = await open()
      expect(later.circuit).to.not.equal(first.circuit)
      expect(await exchange(first.socket, 'still there')).to.equal('still there')
      expect((await open()).circuit).to.equal(later.circuit)
    })

    it('and closed once their last stream has ended and no other may come', async () => {
      const { socket, circuit } = await open()
      fixture.clock.advance(11 * MINUTE)
      await open()
      await turn(20)
      expect(circuit.closed).to.equal(false)
      await socket.close()
      // Soon, when it is looked for those; none had a stream left.
      await fixture.passing(circuit.when(({ closed }) => closed))
    })
  })

  describe('are built', () => {
    it('and there for the next stream as long as one is expected, over the links that there are', async () => {
      // Half an hour to one, as the die falls: here the longest.
      const usual = seededRandom(seed)
      const random = (limit: number): number => (limit === 1800 ? 1799 : usual(limit))
      const other = await fixture.open({ storage: new MemoryStorage(), random })
      await open({}, other)
      for (let round = 0; round < 9; round++) {
        fixture.clock.advance(5 * MINUTE)
        await fixture.quiet()
      }
      for (let round = 0; round < 4; round++) {
        fixture.clock.advance(1000)
        await fixture.quiet()
      }
      const before = new Set(fixture.network.circuits)
      fixture.network.dials.length = 0
      const { circuit } = await open({}, other)
      expect(before.has(circuit)).to.equal(true)
      expect(fixture.network.dials).to.deep.equal([])
    })

    it('few for many streams, when none is ready', async () => {
      fixture.clock.advance(31 * MINUTE)
      await fixture.quiet()
      const before = fixture.built
      await Promise.all(Array.from({ length: 100 }, () => open()))
      expect(fixture.built - before).to.be.at.most(4)
    })

    it('32 at once, for 150 tokens, and the others as these are open', async () => {
      fixture.clock.advance(31 * MINUTE)
      for (const each of fixture.network.relays) each.exit = echo()
      let asked = 0
      let answers: (() => void)[] | undefined = []
      for (const each of fixture.network.relays) {
        if (!each.nickname.startsWith('guard')) continue
        each.answerCreate = async ({ link }) => {
          if (link.fromClient) asked += 1
          if (answers) await new Promise<void>((resolve) => answers?.push(resolve))
          return 'answer' as const
        }
      }
      const sockets = Array.from({ length: 150 }, (_, token) => tor.connect('host.example:80', { isolation: token }))
      await fixture.network.when(() => asked >= 32)
      await turn(50)
      expect(asked).to.equal(32)
      // Half of those that wait are given up: nothing is built for them.
      for (const socket of sockets.slice(90)) void socket.close()
      await turn()
      for (const answer of answers.splice(0)) answer()
      answers = undefined
      await fixture.passing(Promise.all(sockets.slice(0, 90).map(({ opened }) => opened)))
      expect(asked).to.be.within(90, 96)
    })

    it('ahead: two are ready for what is expected, and replaced when they are used or lost', async () => {
      const clean = (): TestCircuit[] =>
        fixture.network.circuits.filter(
          ({ closed, hops }) => !closed && hops.length === 3 && hops[2]?.streams.size === 0,
        )
      await fixture.passing(fixture.network.when(() => clean().length === 2))
      await open()
      await fixture.passing(fixture.network.when(() => clean().length === 2))
      for (const { link } of clean()) link.die()
      const waiting = fixture.network.when(() => clean().length === 2)
      await fixture.passing(waiting)
    })

    it('no more after a night of the machine, whose other clock stands still meanwhile, until the next stream', async () => {
      let slept = 0
      const { clock: awake } = fixture
      const clock: Clock = {
        now: () => awake.now() + slept,
        monotonic: () => awake.now(),
        after: (delay, callback) => awake.after(delay, callback),
        background: (delay, callback) => awake.background(delay, callback),
      }
      await fixture.passing(tor.close())
      const other = await fixture.open({ storage: new MemoryStorage(), clock })
      await fixture.ahead()
      slept += 8 * 60 * MINUTE
      const before = fixture.built
      for (let second = 0; second < 120; second++) {
        awake.advance(1000)
        await fixture.quiet()
      }
      expect(fixture.built).to.equal(before)
      await open({}, other)
      expect(fixture.built).to.be.above(before)
    })

    it('anew on another path when a build fails, without harm to the guard', async () => {
      let refused = 0
      for (const each of exits()) {
        each.answerCreate = () => (refused++ < 3 ? { destroy: 5 } : 'answer')
      }
      const { circuit } = await open({ isolation: 'new' })
      await open({ isolation: 'newer' })
      await open({ isolation: 'newest' })
      expect(refused).to.be.above(3)
      expect(pathOf(circuit)[0]).to.equal(pathOf((await open({ isolation: 'last' })).circuit)[0])
    })

    it('until trying is hopeless: then the stream fails, and the next one works', async () => {
      fixture.clock.advance(31 * MINUTE)
      for (const each of fixture.network.relays) each.answerCreate = () => ({ destroy: 5 })
      const error = (await rejection(open({ isolation: 'hopeless' }))) as SocketError
      expect(error.code).to.equal('CIRCUIT_DESTROYED')
      expect(error.attempts.map(({ code, reason, fingerprints }) => [code, reason, fingerprints.length])).to.deep.equal(
        [['CIRCUIT_DESTROYED', 5, 0]],
      )
      // 15.75 s of pauses between one and the next
      expect(error.attempts[0]?.elapsed).to.be.within(15_000, 25_000)
      for (const each of fixture.network.relays) each.answerCreate = undefined
      await open({ isolation: 'hopeless' })
    })
  })

  describe('suit their streams', () => {
    it("by their exit's policy", async () => {
      for (let round = 0; round < 6; round++) {
        const { circuit } = await open({ isolation: round }, tor, 25)
        expect(exitOf(circuit)).to.be.oneOf(['exit1', 'exit2'])
      }
      // One that is there but does not allow the port is not taken.
      const only = await open({ exit: ({ nickname }) => nickname === 'exit3' })
      expect(exitOf(only.circuit)).to.equal('exit3')
      expect(exitOf((await open({}, tor, 25)).circuit)).to.not.equal('exit3')
    })

    it("by the caller's condition on the exit", async () => {
      for (const { nickname } of exits())
        expect(exitOf((await open({ exit: (each) => each.nickname === nickname })).circuit)).to.equal(nickname)
      const answers = tor.resolve('example.com', { exit: ({ nickname }) => nickname === 'nobody' })
      expect(await codeOf(answers)).to.equal('NO_PATH')
    })

    it('or fail at once where the condition itself fails, or leaves nobody', async () => {
      const oops = new Error('oops')
      const throwing = (): never => {
        throw oops
      }
      const error = (await rejection(tor.connect('example.com:80', { exit: throwing }).opened)) as SocketError
      expect(error.code).to.equal('NO_PATH')
      expect((error.cause as Error).cause).to.equal(oops)
      expect(await codeOf(tor.connect('example.com:80', { exit: () => false }).opened)).to.equal('NO_PATH')
      expect(error.attempts.map(({ elapsed }) => elapsed)).to.deep.equal([0]) // it was not tried again and again
    })
  })

  describe('are left when their exit refuses', () => {
    const refusing =
      (reason: number): ExitHandler =>
      () => {
        throw new ExitRefusal(reason, { address: '203.0.113.9', ttl: 60 })
      }

    it('the port: another exit is used, this one is remembered, and serves other streams as before', async () => {
      const { circuit, socket } = await open()
      const first = relay(exitOf(circuit))
      let refused = 0
      first.exit = (request) => {
        if (request.host !== 'picky.example') return echo()(request)
        refused += 1
        return refusing(EndReason.EXITPOLICY)(request)
      }
      for (let round = 0; round < 3; round++) {
        const picky = tor.connect('picky.example:80')
        await fixture.passing(picky.opened)
        expect(exitOf(fixture.circuitOf('picky.example'))).to.not.equal(first.nickname)
      }
      expect(await exchange(socket, 'as before')).to.equal('as before')
      expect(refused).to.equal(1)
    })

    it('everything: it is not asked again', async () => {
      const [first, ...others] = exits()
      if (first === undefined) throw new Error('there is no exit')
      let asked = 0
      first.exit = (request) => {
        asked += 1
        return refusing(EndReason.RESOURCELIMIT)(request)
      }
      for (let round = 0; round < 12; round++) {
        const { circuit } = await open({ isolation: round })
        expect(others.map(({ nickname }) => nickname)).to.include(exitOf(circuit))
      }
      expect(asked).to.be.at.most(1)
    })

    it('and so do all: the stream fails, and tells of each', async () => {
      for (const each of exits()) each.exit = refusing(EndReason.EXITPOLICY)
      const error = (await rejection(fixture.passing(tor.connect('picky2.example:80').opened))) as SocketError
      expect(error.code).to.equal('NO_PATH')
      const refused = error.attempts.filter(({ code }) => code === 'END_EXITPOLICY')
      const fingerprints = exits().map(({ description: { rsaIdentity } }) =>
        Array.from(rsaIdentity, (byte) => byte.toString(16).padStart(2, '0'))
          .join('')
          .toUpperCase(),
      )
      expect(refused.map((attempt) => attempt.fingerprints[2]).sort()).to.deep.equal(fingerprints.sort())
      expect(error.attempts.at(-1)).to.include({ code: 'NO_PATH' })
    })

    it('a lookup: another circuit is asked', async () => {
      let asked = 0
      for (const each of exits()) {
        each.resolve = () => {
          asked += 1
          return [{ type: 'ipv4', address: '203.0.113.5', ttl: 60 }]
        }
      }
      expect((await fixture.passing(tor.resolve('example.com'))).length).to.equal(1)
      expect(asked).to.equal(1)
    })
  })
})
