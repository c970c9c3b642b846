import { expect } from 'chai'
import { BuildTimes } from '../../../../lib/client/circuits/build-times/build-times.ts'
import { timeoutFor, timeoutForExtension } from '../../../../lib/client/circuits/build-times/path-timeouts.ts'
import { ABANDONED } from '../../../../lib/client/circuits/build-times/pareto.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { fc, seed } from '../../../support/seed.ts'

/** Build times on a network whose parameters and signs of life a spec sets. */
class Learner {
  now = 1_000_000
  lastLive = 1_000_000
  saves = 0
  readonly asked = new Map<string, readonly number[]>()
  readonly times: BuildTimes

  constructor(params: Readonly<Record<string, number>> = {}) {
    this.times = new BuildTimes({
      param: (name, fallback, least, most) => {
        this.asked.set(name, [fallback, least, most])
        return Math.min(most, Math.max(least, params[name] ?? fallback))
      },
      now: () => this.now,
      lastLive: () => this.lastLive,
      random: seededRandom(seed),
      changed: () => {
        this.saves += 1
        this.times.save()
      },
    })
  }

  complete(count: number, time: (index: number) => number = (index) => 300 + (index % 40) * 10): this {
    for (let index = 0; index < count; index++) this.times.completed(time(index), false)
    return this
  }

  get timeouts(): readonly number[] {
    return [this.times.timeout, this.times.close]
  }
}

const kept = ({ times }: Learner): { histogram: number[][]; abandoned: number } =>
  JSON.parse(times.save()) as { histogram: number[][]; abandoned: number }

describe('Build times', () => {
  it('are a minute until a hundred are known, then those that four of five circuits keep', () => {
    const learner = new Learner().complete(99)
    expect(learner.timeouts).to.deep.equal([60_000, 60_000])
    expect([learner.times.isLearned, learner.times.isLearning]).to.deep.equal([false, true])
    learner.complete(1)
    expect(learner.times.timeout).to.be.within(400, 690)
    expect(learner.times.close).to.equal(60_000)
    expect([learner.times.isLearned, learner.times.isLearning]).to.deep.equal([true, false])
  })

  it('are never longer than the longest that was measured, nor shorter than the network allows', () => {
    // Half of them fast, half slow: the curve says more than any took.
    expect(new Learner().complete(100, (index) => (index % 2 === 0 ? 100 : 5000)).times.timeout).to.be.at.most(5000)
    expect(new Learner().complete(100, () => 1).times.timeout).to.equal(10)
    expect(new Learner({ cbtmintimeout: 700 }).complete(100, () => 1).times.timeout).to.equal(700)
    const slow = new Learner().complete(100, (index) => (index < 50 ? 1000 : 50_000))
    expect(slow.times.close).to.be.at.most(100_000)
  })

  it('follow the last thousand', () => {
    const learner = new Learner().complete(1000, () => 5000)
    expect(learner.times.timeout).to.be.closeTo(5000, 10)
    learner.complete(1000, () => 200)
    expect([learner.times.count, learner.times.timeout]).to.deep.equal([1000, 200])
  })

  it('give circuits that were measured in vain no weight, but keep them', () => {
    const learner = new Learner().complete(100)
    const { timeout } = learner.times
    for (let count = 0; count < 30; count++) learner.times.abandoned(0)
    expect(learner.times.timeout).to.equal(timeout)
    expect(kept(learner).abandoned).to.equal(30)
  })

  it('are forgotten at the 18th of 20 circuits that were too late behind their first hop, and doubled if so before', () => {
    const learner = new Learner().complete(100)
    learner.times.completed(300, false)
    for (let late = 1; late < 18; late++) learner.times.timedOut(true)
    for (let late = 0; late < 100; late++) learner.times.timedOut(false)
    expect(learner.times.isLearned).to.equal(true)
    learner.times.timedOut(true)
    expect(learner.timeouts).to.deep.equal([60_000, 60_000])
    expect(learner.times.count).to.equal(0)
    for (const doubled of [120_000, 240_000]) {
      for (let late = 0; late < 18; late++) learner.times.timedOut(true)
      expect(learner.timeouts).to.deep.equal([doubled, doubled])
    }
    for (let late = 0; late < 100 * 18; late++) learner.times.timedOut(true)
    expect(learner.times.timeout).to.be.at.most(2 ** 31 - 1)
    learner.complete(100)
    expect(learner.times.timeout).to.be.below(1000)
  })

  it('are not forgotten while some circuits are in time', () => {
    const learner = new Learner().complete(100)
    for (let round = 0; round < 1000; round++) {
      learner.times.timedOut(true)
      if (round % 4 === 0) learner.times.completed(400, false)
    }
    expect(learner.times.isLearned).to.equal(true)
  })

  it('learn nothing while the network is down, and go on when a relay is heard', () => {
    const learner = new Learner().complete(100)
    learner.now += 70_000
    learner.times.abandoned(learner.lastLive + 1)
    const before = learner.times.save()
    learner.times.completed(300, false)
    learner.times.abandoned(learner.lastLive + 1)
    expect(learner.times.save()).to.equal(before)
    learner.now += 1
    learner.lastLive = learner.now
    learner.times.completed(300, false)
    expect(learner.times.count).to.equal(101)
    // One that was begun when the network lived counts.
    learner.times.abandoned(learner.lastLive)
    expect(kept(learner).abandoned).to.equal(1)
  })

  it('leave out what a clock that jumped, or a machine that slept, makes of them', () => {
    const learner = new Learner()
    for (const time of [-1, -1e12, 121_001, 1e15, Number.NaN, Infinity]) learner.times.completed(time, false)
    expect(learner.times.count).to.equal(0)
    for (const time of [0, 0.2, 121_000]) learner.times.completed(time, true)
    expect(kept(learner).histogram).to.deep.equal([
      [5, 2],
      [121_005, 1],
    ])
  })

  it('want a circuit to learn from ten seconds after the last one, until enough is known', () => {
    const learner = new Learner()
    learner.now += 10_000
    expect(learner.times.wantsCircuit).to.equal(false)
    learner.now += 1
    expect(learner.times.wantsCircuit).to.equal(true)
    learner.times.begun()
    expect(learner.times.wantsCircuit).to.equal(false)
    learner.now += 10_001
    learner.complete(100)
    expect(learner.times.wantsCircuit).to.equal(false)
  })

  it('are turned off by the network', () => {
    const learner = new Learner({ cbtdisabled: 1, cbtinitialtimeout: 20_000 }).complete(200)
    for (let late = 0; late < 20; late++) learner.times.timedOut(true)
    learner.times.abandoned(0)
    learner.now += 20_000
    expect(learner.timeouts).to.deep.equal([20_000, 20_000])
    expect([learner.times.count, learner.times.isLearning, learner.times.wantsCircuit]).to.deep.equal([0, false, false])
  })

  it("ask for the network's parameters within the bounds of the specification", () => {
    const learner = new Learner().complete(100)
    for (let late = 0; late < 3; late++) learner.times.timedOut(true)
    const { learningIdleTime, maxOpenCircuits } = learner.times.parameters
    expect([learningIdleTime, maxOpenCircuits, learner.times.wantsCircuit]).to.deep.equal([180_000, 10, false])
    expect(learner.times.parameters.testInterval).to.equal(10_000)
    const most = 2 ** 31 - 1
    expect(Object.fromEntries(learner.asked)).to.deep.equal({
      cbtdisabled: [0, 0, 1],
      cbtnummodes: [10, 1, 20],
      cbtrecentcount: [20, 3, 1000],
      cbtmaxtimeouts: [18, 3, 10_000],
      cbtmincircs: [100, 1, 10_000],
      cbtquantile: [80, 10, 99],
      cbtclosequantile: [99, 10, 99],
      cbttestfreq: [10, 1, most],
      cbtmintimeout: [10, 10, most],
      cbtinitialtimeout: [60_000, 10, most],
      cbtlearntimeout: [180, 10, 60_000],
      cbtmaxopencircs: [10, 0, 14],
    })
  })

  describe('that are kept', () => {
    it('bring the same timeouts, in bins of 10 ms, and are kept with every tenth', () => {
      const learner = new Learner().complete(105, (index) => 305 + 10 * (index % 40))
      for (let count = 0; count < 5; count++) learner.times.abandoned(0)
      expect(learner.saves).to.equal(11)
      const next = new Learner()
      next.times.load(learner.times.save())
      expect(next.timeouts[0]).to.be.closeTo(learner.times.timeout, 1e-6)
      expect(next.times.save()).to.equal(learner.times.save())
      expect(next.times.count).to.equal(110)
    })

    it('and damaged are refused, whatever is wrong, and nothing of them is taken', () => {
      const bad: unknown[] = [
        null,
        1,
        [],
        {},
        { version: 2, histogram: [], abandoned: 0 },
        { version: 1, histogram: {}, abandoned: 0 },
        { version: 1, histogram: [], abandoned: -1 },
        { version: 1, histogram: [], abandoned: 1001 },
        { version: 1, histogram: [] },
        { version: 1, histogram: [[5]], abandoned: 0 },
        { version: 1, histogram: [[5, 1, 1]], abandoned: 0 },
        { version: 1, histogram: [5, 1], abandoned: 0 },
        { version: 1, histogram: [[0, 1]], abandoned: 0 },
        { version: 1, histogram: [[1.5, 1]], abandoned: 0 },
        { version: 1, histogram: [['5', 1]], abandoned: 0 },
        { version: 1, histogram: [[5, 1e9]], abandoned: 0 },
        { version: 1, histogram: [[5, 600]], abandoned: 401 },
        { version: 1, histogram: [[ABANDONED, 1]], abandoned: 0 },
        { version: 1, histogram: [[2 ** 31, 1]], abandoned: 0 },
      ]
      const learner = new Learner().complete(100)
      const before = learner.times.save()
      for (const value of bad) expect(() => learner.times.load(JSON.stringify(value)), JSON.stringify(value)).to.throw()
      for (const text of ['', '{', 'x'.repeat(100)]) expect(() => learner.times.load(text)).to.throw()
      expect(learner.times.save()).to.equal(before)
    })

    it('and anything else are refused, or are times', () => {
      fc.assert(
        fc.property(fc.json(), (text) => {
          const learner = new Learner()
          try {
            learner.times.load(text)
          } catch {
            expect(learner.times.count).to.equal(0)
          }
          expect(learner.times.timeout).to.be.within(10, 60_000)
        }),
      )
    })
  })

  it('mean longer timeouts for more hops, by how often their cells cross a link, as in C tor', () => {
    expect([1, 2, 3, 4, 5].map((hops) => timeoutFor(hops, 600))).to.deep.equal([600, 600, 600, 2000, 2500])
    expect(timeoutForExtension(4, 600)).to.equal(1400)
  })
})
