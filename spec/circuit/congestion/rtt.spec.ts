import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { ClockWatch, RttEstimator, type WindowPhase } from '../../../lib/circuit/congestion/rtt.ts'
import { DEFAULTS } from './support/parameters.ts'

const SLOW_START: WindowPhase = { inSlowStart: true, updateRate: 1, isMinimal: false }
const STEADY: WindowPhase = { inSlowStart: false, updateRate: 2, isMinimal: false }

type Bit = 0 | 1

/** Origin: C tor 0.4.9.11, src/test/test_congestion_control.c:80. */
const CLOCK_VECTORS: readonly (readonly [
  smoothed: number,
  sample: number,
  inSlowStart: Bit,
  isStalled: Bit,
  rejects: Bit,
])[] = [
  [0, 1, 1, 0, 0],
  [0, 0, 1, 1, 1],
  [1, 1, 1, 1, 0],
  [1, 4999, 0, 0, 0],
  [4999, 1, 0, 0, 0],
  [5001, 1, 0, 0, 0],
  [5001, 0, 0, 1, 1],
  [5001, 1, 0, 1, 1],
  [5001, 1, 1, 1, 0],
  [0, 5001, 0, 1, 0],
  [1, 5001, 1, 1, 0],
  [1, 1, 0, 0, 0],
  [5001, 1, 0, 0, 0],
  [1, 5001, 0, 0, 1],
  [0, 5001, 0, 0, 0],
  [5001, 1, 1, 0, 0],
  [1, 1, 0, 0, 0],
]

/**
 * Origin: C tor 0.4.9.11, src/test/test_congestion_control.c:159. In µs; the window was at its minimum with 124 cells.
 */
const RTT_VECTORS: readonly (readonly [
  sent: number,
  got: number,
  cwnd: number,
  inSlowStart: Bit,
  sample: number,
  smoothed: number,
  min: number,
])[] = [
  [100000, 200000, 124, 1, 100000, 100000, 100000],
  [200000, 300000, 124, 1, 100000, 100000, 100000],
  [350000, 500000, 124, 1, 150000, 133333, 100000],
  [500000, 550000, 124, 1, 50000, 77777, 77777],
  [600000, 700000, 124, 1, 100000, 92592, 77777],
  [700000, 750000, 124, 1, 50000, 64197, 64197],
  [750000, 875000, 124, 0, 125000, 104732, 104732],
  [875000, 900000, 124, 0, 25000, 51577, 104732],
  [900000, 950000, 200, 0, 50000, 50525, 50525],
]

describe('ClockWatch', () => {
  it("judges C tor's vectors as C tor does", () => {
    const watch = new ClockWatch()
    for (const [index, [smoothed, sample, inSlowStart, isStalled, rejects]] of CLOCK_VECTORS.entries()) {
      expect(watch.rejects(sample, smoothed, inSlowStart === 1), `step ${index}`).to.equal(rejects === 1)
      expect(watch.isStalled, `step ${index}`).to.equal(isStalled === 1)
    }
  })

  it('takes a clock that went back for one that stands', () => {
    const watch = new ClockWatch()
    expect(watch.rejects(-1, 100, false)).to.equal(true)
    expect(watch.rejects(Number.MIN_SAFE_INTEGER, 100, true)).to.equal(true)
    expect(watch.isStalled).to.equal(true)
  })

  it('takes 5000 times as long or as short for possible', () => {
    const watch = new ClockWatch()
    expect(watch.rejects(5000, 1, false)).to.equal(false)
    watch.rejects(0, 1, false)
    expect(watch.rejects(1, 5000, false)).to.equal(false)
    expect(watch.isStalled).to.equal(false)
  })

  it('believes a sudden short time of a clock that runs, and not of one that has stood', () => {
    const watch = new ClockWatch()
    expect(watch.rejects(10, 100_000, false)).to.equal(false)
    watch.rejects(0, 100_000, false)
    expect(watch.rejects(10, 100_000, false)).to.equal(true)
    expect(watch.rejects(90_000, 100_000, false)).to.equal(false)
    expect(watch.rejects(10, 100_000, false)).to.equal(false)
  })
})

describe('RttEstimator', () => {
  it("measures C tor's vectors as C tor does", () => {
    const rtt = new RttEstimator(DEFAULTS)
    for (const [index, [sent, got, cwnd, inSlowStart, sample, smoothed, min]] of RTT_VECTORS.entries()) {
      expect(got - sent).to.equal(sample)
      const phase = { inSlowStart: inSlowStart === 1, updateRate: inSlowStart, isMinimal: cwnd === 124 }
      expect(rtt.update(got - sent, phase), `step ${index}`).to.equal(true)
      expect({ smoothed: rtt.smoothed, min: rtt.min }, `step ${index}`).to.deep.equal({ smoothed, min })
    }
    expect(rtt.max).to.equal(150_000)
  })

  it('knows nothing before the first sample', () => {
    const { smoothed, min, max } = new RttEstimator(DEFAULTS)
    expect({ smoothed, min, max }).to.deep.equal({ smoothed: 0, min: 0, max: 0 })
  })

  it('keeps what it knows through a clock that stands, jumps on and jumps back', () => {
    const rtt = new RttEstimator(DEFAULTS)
    rtt.update(80_000, SLOW_START)
    rtt.update(100_000, STEADY)
    const known = { smoothed: rtt.smoothed, min: rtt.min, max: rtt.max }
    for (const sample of [0, -5, -1e12, 1e12, 0, 3]) expect(rtt.update(sample, STEADY)).to.equal(false)
    expect({ smoothed: rtt.smoothed, min: rtt.min, max: rtt.max }).to.deep.equal(known)
    expect(rtt.update(100_000, STEADY)).to.equal(true)
  })

  it('averages over more SENDMEs as a window has more of them, from 2 up to cc_ewma_max', () => {
    /** The average moves by 2/(N+1) of the way to the sample. */
    const countFor = (phase: WindowPhase): number => {
      const rtt = new RttEstimator(DEFAULTS)
      rtt.update(1e9, SLOW_START)
      rtt.update(2e9, phase)
      return Math.round(2e9 / (rtt.smoothed - 1e9)) - 1
    }
    expect(countFor(SLOW_START)).to.equal(2)
    const counts = [0, 1, 4, 6, 7, 20, 21, 1000].map((updateRate) => countFor({ ...STEADY, updateRate }))
    expect(counts).to.deep.equal([2, 2, 2, 3, 3, 10, 10, 10])
  })

  it('raises the least time by cc_rtt_reset_pct when the window is at its minimum, and only after slow start', () => {
    const resetTo = (rttResetPct: number, phase: WindowPhase): number => {
      const rtt = new RttEstimator({ ...DEFAULTS, rttResetPct })
      rtt.update(1000, SLOW_START)
      for (let count = 0; count < 50; count++) rtt.update(9000, STEADY)
      expect(rtt.min).to.equal(1000)
      rtt.update(9000, phase)
      return rtt.min
    }
    const minimal = { ...STEADY, isMinimal: true }
    // Of the smoothed time, which has come to 8,999 µs: the average rounds down.
    expect([0, 25, 100].map((percent) => resetTo(percent, minimal))).to.deep.equal([1000, 2999, 8999])
    expect(resetTo(100, { ...minimal, inSlowStart: true })).to.equal(1000)
    expect(resetTo(100, STEADY)).to.equal(1000)
  })

  it('stays between the least and the greatest sample, whatever comes', () => {
    const step = fc.tuple(fc.integer({ min: -1000, max: 1e9 }), fc.boolean(), fc.nat(400), fc.boolean())
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 100 }), (steps, rttResetPct) => {
        const rtt = new RttEstimator({ ...DEFAULTS, rttResetPct })
        const seen: number[] = []
        for (const [sample, inSlowStart, updateRate, isMinimal] of steps) {
          if (rtt.update(sample, { inSlowStart, updateRate, isMinimal })) seen.push(sample)
          if (seen.length === 0) continue
          expect(rtt.smoothed).to.be.within(Math.min(...seen), Math.max(...seen))
          expect(rtt.min).to.be.within(Math.min(...seen), Math.max(...seen))
          expect(rtt.max).to.equal(Math.max(...seen))
        }
      }),
    )
  })
})
