import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import type { CongestionControlParameters } from '../../../lib/circuit/congestion/parameters.ts'
import { Vegas } from '../../../lib/circuit/congestion/vegas.ts'
import { DEFAULTS } from './support/parameters.ts'

const INCREMENT = 31

type Step = readonly [
  sent: number,
  got: number,
  isBlocked: number,
  inflight: number,
  smoothed: number,
  min: number,
  cwnd: number,
  inSlowStart: number,
  isFull: number,
  wasBlocked: number,
]

/** Origin: C tor 0.4.9.11, src/test/test_congestion_control.c:260. Times in µs; what goes in, and what comes out. */
const VECTORS: readonly (readonly [title: string, steps: readonly Step[]])[] = [
  [
    'RTT edge cases, then out of slow start by gamma, full and not full',
    [
      [100000, 200000, 0, 124, 100000, 100000, 155, 1, 0, 0],
      [200000, 300000, 0, 155, 100000, 100000, 186, 1, 1, 0],
      [350000, 500000, 0, 186, 133333, 100000, 217, 1, 1, 0],
      [500000, 550000, 0, 217, 77777, 77777, 248, 1, 1, 0],
      [600000, 700000, 0, 248, 92592, 77777, 279, 1, 1, 0],
      [700000, 750000, 0, 279, 64197, 64197, 310, 1, 0, 0],
      [750000, 875000, 0, 310, 104732, 64197, 341, 1, 1, 0],
      [875000, 900000, 0, 341, 51577, 51577, 372, 1, 1, 0],
      [900000, 950000, 0, 279, 50525, 50525, 403, 1, 1, 0],
      [950000, 1000000, 0, 279, 50175, 50175, 434, 1, 1, 0],
      [1000000, 1050000, 0, 279, 50058, 50058, 465, 1, 1, 0],
      [1050000, 1100000, 0, 279, 50019, 50019, 496, 1, 1, 0],
      [1100000, 1150000, 0, 279, 50006, 50006, 527, 1, 1, 0],
      [1150000, 1200000, 0, 279, 50002, 50002, 558, 1, 1, 0],
      [1200000, 1250000, 0, 550, 50000, 50000, 589, 1, 1, 0],
      [1250000, 1300000, 0, 550, 50000, 50000, 620, 1, 0, 0],
      [1300000, 1350000, 0, 550, 50000, 50000, 635, 1, 1, 0],
      [1350000, 1400000, 0, 550, 50000, 50000, 650, 1, 1, 0],
      [1400000, 1450000, 0, 150, 50000, 50000, 650, 1, 0, 0],
      [1450000, 1500000, 0, 150, 50000, 50000, 650, 1, 0, 0],
      [1500000, 1550000, 0, 550, 50000, 50000, 664, 1, 1, 0],
      [1500000, 1600000, 0, 550, 83333, 50000, 584, 0, 1, 0],
      [1600000, 1650000, 0, 550, 61111, 50000, 585, 0, 1, 0],
      [1650000, 1700000, 0, 550, 53703, 50000, 586, 0, 1, 0],
      [1700000, 1750000, 0, 100, 51234, 50000, 586, 0, 0, 0],
      [1750000, 1900000, 0, 100, 117078, 50000, 559, 0, 0, 0],
      [1900000, 2000000, 0, 100, 105692, 50000, 558, 0, 0, 0],
      [2000000, 2075000, 0, 500, 85230, 50000, 558, 0, 1, 0],
      [2075000, 2125000, 1, 500, 61743, 50000, 557, 0, 1, 1],
      [2125000, 2150000, 0, 500, 37247, 37247, 558, 0, 1, 0],
      [2150000, 2350000, 0, 500, 145749, 37247, 451, 0, 1, 0],
    ],
  ],
  [
    'Out of slow start by a blocked link',
    [
      [100000, 200000, 0, 124, 100000, 100000, 155, 1, 0, 0],
      [200000, 300000, 0, 155, 100000, 100000, 186, 1, 1, 0],
      [350000, 500000, 0, 186, 133333, 100000, 217, 1, 1, 0],
      [500000, 550000, 1, 217, 77777, 77777, 403, 0, 1, 1],
      [600000, 700000, 0, 248, 92592, 77777, 404, 0, 1, 0],
      [700000, 750000, 1, 404, 64197, 64197, 403, 0, 0, 1],
      [750000, 875000, 0, 403, 104732, 64197, 404, 0, 1, 0],
    ],
  ],
  [
    'Real upload 1',
    [
      [18258527, 19002938, 0, 83, 744411, 744411, 155, 1, 0, 0],
      [18258580, 19254257, 0, 52, 911921, 744411, 186, 1, 1, 0],
      [20003224, 20645298, 0, 164, 732023, 732023, 217, 1, 1, 0],
      [20003367, 21021444, 0, 133, 922725, 732023, 248, 1, 1, 0],
      [20003845, 21265508, 0, 102, 1148683, 732023, 279, 1, 1, 0],
      [20003975, 21429157, 0, 71, 1333015, 732023, 310, 1, 0, 0],
      [20004309, 21707677, 0, 40, 1579917, 732023, 310, 1, 0, 0],
    ],
  ],
  [
    'Real upload 2',
    [
      [358297091, 358854163, 0, 83, 557072, 557072, 155, 1, 0, 0],
      [358297649, 359123845, 0, 52, 736488, 557072, 186, 1, 1, 0],
      [359492879, 359995330, 0, 186, 580463, 557072, 217, 1, 1, 0],
      [359493043, 360489243, 0, 217, 857621, 557072, 248, 1, 1, 0],
      [359493232, 360489673, 0, 248, 950167, 557072, 279, 1, 1, 0],
      [359493795, 360489971, 0, 279, 980839, 557072, 310, 1, 0, 0],
      [359493918, 360490248, 0, 310, 991166, 557072, 341, 1, 1, 0],
      [359494029, 360716465, 0, 341, 1145346, 557072, 372, 1, 1, 0],
      [359996888, 360948867, 0, 372, 1016434, 557072, 403, 1, 1, 0],
      [359996979, 360949330, 0, 403, 973712, 557072, 434, 1, 1, 0],
      [360489528, 361113615, 0, 434, 740628, 557072, 465, 1, 1, 0],
      [360489656, 361281604, 0, 465, 774841, 557072, 496, 1, 1, 0],
      [360489837, 361500461, 0, 496, 932029, 557072, 482, 0, 1, 0],
      [360489963, 361500631, 0, 482, 984455, 557072, 482, 0, 1, 0],
      [360490117, 361842481, 0, 482, 1229727, 557072, 481, 0, 1, 0],
    ],
  ],
]

/** The product of bandwidth and delay that samples of `sample` µs show is `100_000 / sample` of the window. */
const UNLOADED = 100_000

/** Vegas after slow start, with a window of `cwnd` cells. */
function steady(cwnd: number, parameters: Partial<CongestionControlParameters> = {}): Vegas {
  const vegas = new Vegas({ ...DEFAULTS, ...parameters, slowStartMax: cwnd, cwndInit: cwnd }, INCREMENT)
  vegas.acknowledged(UNLOADED, cwnd, false)
  expect(vegas).to.include({ cwnd, inSlowStart: false })
  return vegas
}

/** As many SENDMEs as `count`, with all of the window in use. */
function acknowledge(vegas: Vegas, count: number, sample: number, isBlocked = false): void {
  for (let done = 0; done < count; done++) vegas.acknowledged(sample, vegas.cwnd, isBlocked)
}

/**
 * Vegas after slow start, with a window of 1000 cells that is not full, of which by its estimate `queued` are in
 * queues.
 */
function settled(queued: number, parameters: Partial<CongestionControlParameters> = {}): Vegas {
  const vegas = steady(1000, parameters)
  // The average stays up to a µs below the sample, and 100 µs more or less are the same number of cells.
  const sample = Math.floor((UNLOADED * 1000) / (1000 - queued)) - 5
  for (let count = 0; count < 40; count++) vegas.acknowledged(sample, INCREMENT, false)
  expect(vegas).to.include({ cwnd: 1000, isFull: false })
  expect(1000 - Math.floor((1000 * vegas.rtt.min) / vegas.rtt.smoothed)).to.equal(queued)
  return vegas
}

describe('Vegas', () => {
  for (const [title, steps] of VECTORS) {
    it(`does as C tor does: ${title}`, () => {
      const vegas = new Vegas(DEFAULTS, INCREMENT)
      for (const [index, step] of steps.entries()) {
        const [sent, got, isBlocked, inflight, smoothed, min, cwnd, inSlowStart, isFull, wasBlocked] = step
        vegas.acknowledged(got - sent, inflight, isBlocked === 1)
        expect({ smoothed: vegas.rtt.smoothed, min: vegas.rtt.min }, `step ${index}`).to.deep.equal({ smoothed, min })
        expect(vegas, `step ${index}`).to.include({
          cwnd,
          inSlowStart: inSlowStart === 1,
          isFull: isFull === 1,
          isBlocked: wasBlocked === 1,
        })
      }
    })
  }

  it('begins with cc_cwnd_init, in slow start', () => {
    expect(new Vegas({ ...DEFAULTS, cwndInit: 200 }, INCREMENT)).to.include({ cwnd: 200, inSlowStart: true })
  })

  it('never has a window of less than an increment, of which nothing would be acknowledged', () => {
    const vegas = new Vegas({ ...DEFAULTS, cwndInit: 31, cwndMin: 31, gamma: 0, delta: 0 }, 200)
    expect(vegas.cwnd).to.equal(200)
    vegas.acknowledged(1, 200, false)
    acknowledge(vegas, 50, 1_000_000)
    expect(vegas).to.include({ cwnd: 200, inSlowStart: false })
  })

  for (const increment of [0, -1, 255, 1.5, NaN, Infinity]) {
    it(`refuses an increment of ${increment}`, () => {
      expect(() => new Vegas(DEFAULTS, increment)).to.throw(RangeError, `increment of ${increment}`)
    })
  }

  describe('in slow start', () => {
    it('opens by a whole increment at the cap itself, and by less with one cell more', () => {
      const opened = (cwndInit: number): number => {
        const vegas = new Vegas({ ...DEFAULTS, cwndInit }, INCREMENT)
        acknowledge(vegas, 1, UNLOADED)
        return vegas.cwnd - cwndInit
      }
      expect([599, 600, 601].map(opened)).to.deep.equal([31, 31, 15])
    })

    it('ends when it opens no faster than steady state would', () => {
      // A step of 31, and five of them in a window of 155.
      const isOver = (cwndIncrement: number): boolean => {
        const vegas = new Vegas({ ...DEFAULTS, cwndIncrement }, INCREMENT)
        acknowledge(vegas, 1, UNLOADED)
        return !vegas.inSlowStart
      }
      expect([4, 5].map(isOver)).to.deep.equal([false, true])
    })

    it('counts the SENDMEs to the first change after it from its end on', () => {
      const vegas = new Vegas({ ...DEFAULTS, cwndInit: 6000, slowStartMax: 1_000_000 }, INCREMENT)
      vegas.acknowledged(UNLOADED, INCREMENT, false)
      vegas.acknowledged(3 * UNLOADED, INCREMENT, false)
      expect(vegas).to.include({ cwnd: 2571 + 186, inSlowStart: false })
      // About 3 * 31 * 31 cells.
      acknowledge(vegas, 2, 3 * UNLOADED)
      expect(vegas.cwnd).to.equal(2757)
      acknowledge(vegas, 1, 3 * UNLOADED)
      expect(vegas.cwnd).to.be.below(2757)
    })

    it('opens by an increment for each SENDME up to the cap, and by half a cap a round trip above it', () => {
      const vegas = new Vegas({ ...DEFAULTS, slowStartMax: 1_000_000, cwndFullPerCwnd: 0 }, INCREMENT)
      acknowledge(vegas, 16, UNLOADED)
      expect(vegas.cwnd).to.equal(124 + 16 * 31)
      for (let round = 0; round < 10; round++) {
        const before = vegas.cwnd
        acknowledge(vegas, Math.round(before / INCREMENT), UNLOADED)
        // 300 cells, but that a step is rounded to whole cells, of which it has two or three when the window is large.
        expect(vegas.cwnd - before).to.be.within(240, 360)
      }
      expect(vegas.inSlowStart).to.equal(true)
    })

    it('ends at cc_ss_max, whether it comes to it exactly or passes it', () => {
      for (const cwndInit of [469, 480]) {
        const vegas = new Vegas({ ...DEFAULTS, cwndInit, slowStartMax: 500 }, INCREMENT)
        acknowledge(vegas, 1, UNLOADED)
        expect(vegas).to.include({ cwnd: 500, inSlowStart: false })
      }
      const below = new Vegas({ ...DEFAULTS, cwndInit: 468, slowStartMax: 500 }, INCREMENT)
      acknowledge(below, 1, UNLOADED)
      expect(below).to.include({ cwnd: 499, inSlowStart: true })
    })

    it('ends at once on a blocked link, with gamma cells above the bandwidth-delay product', () => {
      const vegas = new Vegas(DEFAULTS, INCREMENT)
      acknowledge(vegas, 2, UNLOADED)
      acknowledge(vegas, 1, UNLOADED, true)
      expect(vegas).to.include({ cwnd: 186 + 186, inSlowStart: false, isBlocked: true })
    })

    it('does not grow while the window is not used', () => {
      const vegas = new Vegas(DEFAULTS, INCREMENT)
      acknowledge(vegas, 4, UNLOADED)
      const { cwnd } = vegas
      for (let count = 0; count < 100; count++) vegas.acknowledged(UNLOADED, INCREMENT, false)
      expect(vegas).to.include({ cwnd, isFull: false, inSlowStart: true })
    })
  })

  describe('after slow start', () => {
    it('grows by a cell with less than alpha in queues, and once a window only', () => {
      const vegas = steady(3000, { cwndIncrementRate: 1 })
      const acks = Math.round(3000 / INCREMENT)
      acknowledge(vegas, acks - 1, UNLOADED)
      expect(vegas.cwnd).to.equal(3000)
      acknowledge(vegas, 1, UNLOADED)
      expect(vegas.cwnd).to.equal(3001)
    })

    const thresholds: readonly (readonly [
      queued: number,
      cwnd: number,
      parameters?: Partial<CongestionControlParameters>,
    ])[] = [
      [185, 1001],
      [186, 1000],
      [248, 1000],
      [310, 1000, { beta: 310 }],
    ]
    for (const [queued, cwnd, parameters = {}] of thresholds) {
      it(`makes a window of 1000 one of ${cwnd} with ${queued} in queues`, () => {
        const vegas = settled(queued, parameters)
        acknowledge(vegas, 1, vegas.rtt.smoothed)
        expect(vegas.cwnd).to.equal(cwnd)
      })
    }

    it('calls the window full from four increments below it on, until less than a quarter of it is used', () => {
      const vegas = settled(200)
      const isFullWith = (inflight: number): boolean => {
        vegas.acknowledged(vegas.rtt.smoothed, inflight, false)
        return vegas.isFull
      }
      expect(vegas.cwnd).to.equal(1000)
      expect([875, 876, 875, 250, 249, 250, 875].map(isFullWith)).to.deep.equal([
        false,
        true,
        true,
        true,
        false,
        false,
        false,
      ])
    })

    it('stays with between alpha and beta in queues', () => {
      const vegas = steady(2000)
      acknowledge(vegas, 20, UNLOADED / 0.9) // until the average says so: of 2000 cells a tenth is in queues
      const { cwnd } = vegas
      acknowledge(vegas, 200, UNLOADED / 0.9)
      expect(vegas.cwnd).to.equal(cwnd)
    })

    it('shrinks by a cell with more than beta in queues', () => {
      const vegas = steady(2000)
      acknowledge(vegas, 40, UNLOADED / 0.86)
      expect(vegas.cwnd).to.be.within(1975, 1985)
    })

    it('drops to delta with more than delta in queues', () => {
      const vegas = steady(2000)
      acknowledge(vegas, 14, UNLOADED * 2)
      // Half the window is what the path holds: the fixed point of cwnd = cwnd / 2 + 310 - 1.
      expect(vegas.cwnd).to.be.within(608, 628)
    })

    it('shrinks as soon as the link blocks, and judges anew as soon as it is free', () => {
      const vegas = steady(5000)
      acknowledge(vegas, 1, UNLOADED, true)
      expect(vegas.cwnd).to.equal(4999)
      acknowledge(vegas, 1, UNLOADED, true)
      expect(vegas.cwnd).to.equal(4999)
      acknowledge(vegas, 1, UNLOADED, false)
      expect(vegas.cwnd).to.equal(5000)
    })

    it('has no more than cc_cwnd_max', () => {
      const vegas = steady(1000, { cwndMax: 1010 })
      acknowledge(vegas, 1000, UNLOADED)
      expect(vegas.cwnd).to.equal(1010)
    })

    it('gets away from its minimum, where a least time brought it that was too low to be true (CVE-2022-33903)', () => {
      const lied = (rttResetPct: number): Vegas => {
        const vegas = steady(500, { delta: 0, rttResetPct })
        acknowledge(vegas, 20, 50)
        acknowledge(vegas, 300, UNLOADED)
        return vegas
      }
      expect(lied(0).cwnd).to.equal(124)
      expect(lied(100).cwnd).to.be.above(300)
    })
  })

  describe('with a clock that cannot be trusted', () => {
    it('changes nothing while the clock stands', () => {
      const vegas = new Vegas(DEFAULTS, INCREMENT)
      acknowledge(vegas, 500, 0)
      expect(vegas).to.include({ cwnd: 124, inSlowStart: true, isFull: false })
      acknowledge(vegas, 4, UNLOADED)
      expect(vegas.cwnd).to.equal(248)
    })

    it('keeps its window through a clock that stands after slow start', () => {
      const vegas = steady(2000)
      acknowledge(vegas, 500, 0)
      expect(vegas.cwnd).to.equal(2000)
    })

    it('still hears of a blocked link, and has no bandwidth-delay product of 0', () => {
      const vegas = new Vegas(DEFAULTS, INCREMENT)
      acknowledge(vegas, 1, 0, true)
      expect(vegas).to.include({ cwnd: 124 + 186, inSlowStart: false, isBlocked: true })
    })

    it('heeds a blocked link no more than once a window without any measurement', () => {
      const vegas = new Vegas({ ...DEFAULTS, cwndInit: 3000 }, INCREMENT)
      const cwndAfter = (isBlocked: boolean): number => {
        vegas.acknowledged(0, vegas.cwnd, isBlocked)
        return vegas.cwnd
      }
      expect([true, false, true, true, true].map(cwndAfter)).to.deep.equal([3186, 3186, 3186, 3185, 3185])
    })
  })

  it('keeps its window within its bounds, whatever the parameters, the times and the link', () => {
    const parameters = fc.record({
      cwndInit: fc.integer({ min: 31, max: 10_000 }),
      cwndMin: fc.integer({ min: 31, max: 1000 }),
      cwndMax: fc.integer({ min: 500, max: 5000 }),
      cwndIncrement: fc.integer({ min: 1, max: 1000 }),
      cwndIncrementRate: fc.integer({ min: 1, max: 250 }),
      cwndIncrementPctSlowStart: fc.integer({ min: 1, max: 500 }),
      cwndFullPerCwnd: fc.nat(1),
      slowStartCap: fc.integer({ min: 100, max: 10_000 }),
      slowStartMax: fc.integer({ min: 500, max: 10_000 }),
      alpha: fc.nat(1000),
      beta: fc.nat(1000),
      gamma: fc.nat(1000),
      delta: fc.nat(100_000),
      rttResetPct: fc.nat(100),
    })
    const ranges = [
      { min: 1, max: 1_000_000 },
      { min: -10, max: 10 },
      { min: 1e9, max: 1e13 },
    ]
    const sample = fc.oneof(...ranges.map((range) => fc.integer(range)))
    const acks = fc.array(fc.tuple(sample, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), {
      maxLength: 120,
    })
    fc.assert(
      fc.property(parameters, fc.integer({ min: 1, max: 254 }), acks, (changed, increment, steps) => {
        const vegas = new Vegas({ ...DEFAULTS, ...changed }, increment)
        const min = Math.max(changed.cwndMin, increment)
        for (const [time, used, isBlocked] of steps) {
          vegas.acknowledged(time, Math.floor(used * vegas.cwnd), isBlocked)
          expect(Number.isInteger(vegas.cwnd)).to.equal(true)
          expect(vegas.cwnd).to.be.within(min, Math.max(changed.cwndMax, min))
        }
      }),
    )
  })
})
