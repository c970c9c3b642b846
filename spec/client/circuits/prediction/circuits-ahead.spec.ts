import { expect } from 'chai'
import type { CircuitNeed } from '../../../../lib/client/circuits/pooled-circuit.ts'
import type { Random } from '../../../../lib/base/random.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { CircuitsAhead } from '../../../../lib/client/circuits/prediction/circuits-ahead.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { CTor } from './support/c-tor.ts'
import { settle, SimulatedPool, timesUntil, type SimulatedExit } from './support/simulated-pool.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

const half: Random = (limit) => Math.floor(limit / 2)
const view = Symbol('view')
const to = (...ports: number[]): CircuitNeed => ({ ports, isolation: { view, token: undefined } })

const WEB: SimulatedExit = { ports: [80, 443], isStable: false }
const CHAT: SimulatedExit = { ports: [6667], isStable: true }
const ANY: SimulatedExit = { ports: 'all', isStable: false }
const EXITS = [WEB, CHAT, ANY]

describe('Circuits ahead of need', () => {
  let it_: SimulatedPool
  const start = async (exits: readonly SimulatedExit[] = EXITS, learnsUntil = 0): Promise<void> => {
    it_ = new SimulatedPool(exits, half, learnsUntil)
    const warm = it_.pool.warmUp(new AbortController().signal)
    await it_.pass(SECOND / 2)
    await warm
  }
  afterEach(async () => {
    const closed = it_.close()
    await settle()
    await closed
    expect(it_.clock.timers).to.equal(0)
  })

  it('are two for the web at first, the second a second after the first', async () => {
    await start()
    expect(it_.begun).to.have.length(1)
    await it_.pass(SECOND)
    expect(it_.begun).to.have.length(2)
    await it_.pass(10 * MINUTE)
    expect([it_.begun.length, it_.alive]).to.deep.equal([2, 2])
  })

  it('are three for onion services behind them, which nobody has used yet, and more when one is used', async () => {
    await start()
    const counts: number[][] = []
    for (let second = 0; second < 7; second++) {
      counts.push([it_.begun.length, it_.begunForOnions.length])
      await it_.pass(SECOND)
    }
    expect(counts).to.deep.equal([[1, 0], [2, 0], [2, 1], [2, 2], [2, 3], [2, 3], [2, 3]]) // prettier-ignore
    expect(it_.stems.take()).to.not.equal(undefined)
    await it_.pass(10 * SECOND)
    expect([it_.begunForOnions.length, it_.stems.size]).to.deep.equal([4, 3])
  })

  it('for onion services that cannot be begun are tried less and less often, and others do not wait for them', async () => {
    await start()
    it_.refusesOnions = true
    await it_.pass(10 * MINUTE)
    expect(it_.refusedOnions).to.be.within(10, 20)
    void it_.stream(to(6667), SECOND)
    await it_.pass(10 * SECOND)
    expect(it_.begun.length).to.equal(5)
    it_.refusesOnions = false
    await it_.pass(MINUTE + 3 * SECOND)
    expect(it_.stems.size).to.equal(3)
  })

  it('are for the ports that were used, one a second, by relays that are Stable where connections last', async () => {
    await start()
    await it_.pass(2 * SECOND)
    const before = it_.begun.length
    void it_.stream(to(6667), SECOND)
    await it_.pass(10 * SECOND)
    // One for the stream itself, and two that nobody has.
    const exits = it_.begun.slice(before).map(({ path }) => path.at(-1)?.fingerprint)
    expect(exits).to.deep.equal(['exit 1', 'exit 1', 'exit 1'])
  })

  it('come to an end with what is expected, and begin again with the next stream', async () => {
    await start()
    // 45 minutes, and 2 more for what is left over.
    await it_.pass(44 * MINUTE)
    expect(it_.alive).to.equal(2)
    await it_.pass(5 * MINUTE)
    expect([it_.begun.length, it_.alive, it_.stems.size, it_.clock.timers]).to.deep.equal([2, 0, 0, 0])
    void it_.stream(to(443), SECOND)
    await it_.pass(10 * SECOND)
    expect(it_.alive).to.equal(3)
  })

  it('are for any port where no exit lets out those that are expected', async () => {
    await start([CHAT])
    await it_.pass(MINUTE)
    expect(it_.alive).to.equal(1) // what nobody can be asked for is not expected any more
  })

  it('are begun again when they fail, one a second, and after many failures few in half a minute', async () => {
    it_ = new SimulatedPool(EXITS, half)
    const abort = new AbortController()
    it_.fails = () => it_.begun.length > 1
    const warm = it_.pool.warmUp(abort.signal)
    await it_.pass(SECOND)
    await warm
    await it_.pass(30 * SECOND)
    expect(it_.begun.length).to.be.within(28, 32)
    const before = it_.begun.length
    await it_.pass(10 * 31 * SECOND)
    expect(it_.begun.length - before).to.be.within(50, 70)
    it_.fails = () => false
    await it_.pass(40 * SECOND)
    expect(it_.alive).to.equal(2)
  })

  it('are never more than 14 that nobody has, whatever is expected', async () => {
    const ports = Array.from({ length: 20 }, (_, index) => 1000 + index)
    await start(ports.map((port) => ({ ports: [port], isStable: true })))
    for (const port of ports) void it_.stream(to(port), SECOND)
    await it_.pass(3 * MINUTE)
    const clean = it_.alive - ports.length + it_.stems.size
    expect(clean).to.equal(14)
  })

  it('are looked at in the next second, once however much changes', () => {
    const clock = new FakeClock()
    let looks = 0
    const ahead = new CircuitsAhead({
      circuits: new Set<never>(),
      onions: { size: 0, areExpected: false, build: () => Promise.resolve(), sweep: () => undefined },
      predicted: {
        get all() {
          looks += 1
          return []
        },
      },
      times: timesUntil(0, () => 0, () => 0), // prettier-ignore
      clock,
      isIdle: () => false,
      build: () => Promise.resolve(),
      drop: () => undefined,
    })
    ahead.start()
    const before = looks
    for (let stream = 0; stream < 100; stream++) ahead.changed()
    expect([looks - before, clock.timers]).to.deep.equal([0, 1])
    clock.advance(SECOND)
    expect(looks - before).to.be.within(1, 2) // what is missing, and what is to be done next
    ahead.close()
    expect(clock.timers).to.equal(0)
  })

  for (const learnsUntil of [0, 100]) {
    it(`are as many as C tor has, over a day${learnsUntil > 0 ? ' in which it learns build times' : ''}`, async () => {
      const random = seededRandom(5)
      await start(EXITS, learnsUntil)
      const begun = it_.clock.now() - SECOND / 2
      const now = (): number => (it_.clock.now() - begun) / SECOND
      const other = new CTor(EXITS, half, learnsUntil, 0)
      other.tick(0)
      const uses = [[0, 1.5], [3, 3.4], [6, 10], [14, 14.1], [20, 22]] as const // prettier-ignore
      const tokens = [undefined, undefined, undefined, 'a', 'b', 'c']
      const ends: { at: number; end: (now: number) => void }[] = []
      let next = 30
      let [differences, most] = [0, 0]
      for (let second = 1; second < 24 * 3600; second++) {
        await it_.pass(second * SECOND + SECOND / 4 + begun - it_.clock.now())
        for (const { at, end } of ends.filter(({ at: time }) => time <= second)) end(at)
        ends.splice(0, ends.length, ...ends.filter(({ at: time }) => time > second))
        other.tick(second)
        if (second >= next) {
          const port = [443, 443, 443, 80, 80, undefined, 6667][random(7)]
          const token = tokens[random(tokens.length)]
          const lasts = 1 + random(300)
          void it_.stream({ ...to(...(port === undefined ? [] : [port])), isolation: { view, token } }, lasts * SECOND)
          const isPending = now()
          ends.push({ at: isPending + lasts, end: other.stream(port, token, token !== undefined, isPending) })
          next = second + 5 + random(115)
          const use = uses.find(([from, until]) => next < until * 3600 && next >= from * 3600)
          if (use === undefined) next = (uses.find(([from]) => from * 3600 > next)?.[0] ?? Infinity) * 3600
        }
        if (second % 60 !== 0) continue
        expect(it_.stems.size).to.be.within(other.internal - 1, other.internal + 1)
        const difference = Math.abs(it_.alive + it_.stems.size - other.circuits.size)
        most = Math.max(most, difference)
        if (difference > 0) differences += 1
      }
      // Where something happens between two seconds, one of both may be a second ahead of the other.
      const launched = it_.begun.length + it_.begunForOnions.length
      expect(launched).to.be.within(0.99 * other.launched, 1.01 * other.launched)
      expect(most).to.be.at.most(3)
      expect(differences).to.be.at.most(20) // of 1440
    })
  }
})
