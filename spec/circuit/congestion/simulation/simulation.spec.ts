/**
 * Congestion control on a simulated line of 100 Mbit/s with a round trip of 100 ms, which holds 2,432 cells. What is
 * expected follows from the parameters; with each seed, the jitter is another.
 *
 * @module
 */
import { expect } from 'chai'
import { DEFAULTS } from '../support/parameters.ts'
import {
  ALONE,
  HALF_FROM,
  HALVED,
  LINK_CELLS,
  LINK_RATE,
  ROUND_TRIP,
  simulate,
  TOGETHER,
  utilization,
  WHOLE_FROM,
  type Run,
  type Sample,
} from './scenarios.ts'

const { alpha, beta, gamma, delta, cwndInit, slowStartCap, sendmeIncrement, cwndIncrement, cwndIncrementRate } =
  DEFAULTS

/** Some end slow start after eight round trips, some after seven: seed 6. */
const SEEDS = [1, 4, 6]

/** Above the cap the window grows by half a cap in a round trip (RFC 3742). */
const LIMITED_GROWTH = slowStartCap / 2

/** A round trip through a queue of delta, on a line with `part` of the bandwidth. In ms. */
const loadedRoundTrip = (part: number): number => ROUND_TRIP + delta / (LINK_RATE * part)

/**
 * Round trips in which a window grows from `from` to `to` cells after slow start: by one at each `CWND_UPDATE_RATE`th
 * SENDME.
 */
function roundTripsToGrow(from: number, to: number): number {
  let count = 0
  for (let cwnd = from; cwnd < to; count++) {
    const acks = cwnd / sendmeIncrement
    cwnd += (acks * cwndIncrement) / Math.max(1, Math.round(acks / cwndIncrementRate))
  }
  return count
}

const between = ({ samples }: Run, from: number, to: number): Sample[] =>
  samples.filter(({ at }) => at > from && at <= to)
const longestQueue = (samples: readonly Sample[]): number => Math.max(...samples.map(({ queued }) => queued))
const cwndOf = (sample: Sample | undefined): number => sample?.cwnd[0] ?? NaN

/**
 * The first time after `from` by which a single circuit had used `part` of the whole bandwidth for a round trip. In ms.
 */
function timeOfUse(run: Run, from: number, part: number): number {
  const found = run.samples.find(
    ({ at }) => at >= from + ROUND_TRIP && (utilization(run, at - ROUND_TRIP, at)[0] ?? 0) >= part,
  )
  return found?.at ?? Infinity
}

for (const seed of SEEDS) {
  describe(`Congestion control on a simulated network (seed ${seed})`, () => {
    describe('one circuit', () => {
      /**
       * Slow start doubles the window up to the cap. Above it, the 300 cells by which it grows in a round trip come in
       * one bunch after those of the window before, and the last of them wait for all the others. This is seen as `cwnd
       * * 300 / (2432 + 300)` cells in queues, and comes to gamma with a window of 1,694 cells, 70 % of what the line
       * holds: slow start ends by its own bursts before it has filled the line, and the rest is left to the growth
       * after it.
       */
      const leastAtExit = (gamma * (LINK_CELLS + LIMITED_GROWTH)) / LIMITED_GROWTH
      const doublings = Math.ceil(Math.log2(slowStartCap / cwndInit))
      /** If no burst ended it, slow start would last until gamma cells wait. */
      const slowStartRoundTrips = doublings + Math.ceil((LINK_CELLS + gamma - slowStartCap) / LIMITED_GROWTH)
      /** What is sent in one round trip has arrived after the next. */
      const roundTripsToFill =
        doublings +
        Math.ceil((leastAtExit - slowStartCap) / LIMITED_GROWTH) +
        roundTripsToGrow(leastAtExit, 0.9 * LINK_CELLS) +
        1

      let run: Run
      before(() => {
        run = simulate(ALONE, seed)
      })

      it('ends slow start in the time that its growth takes, with no less than its own bursts account for', () => {
        const [endedAt = NaN] = run.slowStartEndedAt
        expect(endedAt).to.be.below(slowStartRoundTrips * loadedRoundTrip(1))
        expect(cwndOf(run.samples.find(({ at }) => at >= endedAt))).to.be.within(leastAtExit, LINK_CELLS + gamma)
      })

      it('fills nine tenths of the line as soon as slow start and the growth after it allow, and from then on', () => {
        const filledAt = timeOfUse(run, 0, 0.9)
        expect(filledAt).to.be.at.most(roundTripsToFill * loadedRoundTrip(1))
        for (const { at } of between(run, filledAt + 2 * ROUND_TRIP, ALONE.duration)) {
          expect(utilization(run, at - 2 * ROUND_TRIP, at)[0]).to.be.at.least(0.9)
        }
      })

      it('fills the line in the end', () => {
        expect(utilization(run, ALONE.duration - 1000, ALONE.duration)[0]).to.be.within(0.99, 1.01)
      })

      it('keeps the queue within delta from two round trips after slow start on', () => {
        const [endedAt = NaN] = run.slowStartEndedAt
        const after = between(run, endedAt + 2 * ROUND_TRIP, ALONE.duration)
        expect(after.length).to.be.above(50)
        expect(longestQueue(after)).to.be.within(alpha, delta)
      })
    })

    describe('two circuits that start together', () => {
      /**
       * Of a line that never idles each has the share that it has of its queue. As each has between alpha and beta
       * there, neither has more than 248 / (186 + 248), which is 57 %: 14 % more than half.
       */
      let run: Run
      before(() => {
        run = simulate(TOGETHER, seed)
      })

      it('have each half of the line, but for 15 % of it', () => {
        const shares = utilization(run, TOGETHER.duration / 2, TOGETHER.duration)
        expect(shares).to.have.length(2)
        for (const share of shares) expect(share).to.be.within(0.5 * 0.85, 0.5 * 1.15)
        expect((shares[0] ?? 0) + (shares[1] ?? 0)).to.be.within(0.99, 1.01)
      })

      it('keep no more in the queue than both may', () => {
        expect(longestQueue(between(run, TOGETHER.duration / 2, TOGETHER.duration))).to.be.within(2 * alpha, 2 * delta)
      })
    })

    describe('half the bandwidth', () => {
      let run: Run
      before(() => {
        run = simulate(HALVED, seed)
      })

      it('makes the window drop to what leaves delta, and no further, as soon as round trips tell', () => {
        // A round trip passes before any is longer, and the window that was too large is away after one more at half
        // the speed.
        const toldAfter = ROUND_TRIP + (LINK_CELLS + beta) / (LINK_RATE / 2)
        const after = between(run, HALF_FROM + toldAfter, WHOLE_FROM)
        expect(longestQueue(after)).to.be.at.most(delta)
        for (const sample of after) expect(cwndOf(sample)).to.be.within(delta, LINK_CELLS / 2 + delta)
      })

      it('is used again after the round trips that growth from there takes', () => {
        const least = Math.min(...between(run, HALF_FROM, WHOLE_FROM).map(cwndOf))
        const leastAt = run.samples.find((sample) => sample.at > HALF_FROM && cwndOf(sample) === least)?.at ?? NaN
        const roundTrips = roundTripsToGrow(least, 0.9 * (LINK_CELLS / 2)) + 1
        expect(timeOfUse(run, leastAt, 0.9 / 2) - leastAt).to.be.at.most(roundTrips * loadedRoundTrip(1 / 2))
        expect(utilization(run, WHOLE_FROM - 1000, WHOLE_FROM)[0]).to.be.within(0.49, 0.51)
      })

      it('and the whole of it, when it is back, after the round trips that growth from there takes', () => {
        const cwnd = cwndOf(run.samples.find(({ at }) => at === WHOLE_FROM))
        const roundTrips = roundTripsToGrow(cwnd, 0.9 * LINK_CELLS) + 1
        expect(timeOfUse(run, WHOLE_FROM, 0.9) - WHOLE_FROM).to.be.at.most(roundTrips * loadedRoundTrip(1))
        expect(utilization(run, HALVED.duration - 1000, HALVED.duration)[0]).to.be.within(0.99, 1.01)
      })
    })
  })
}

describe('A simulation', () => {
  it('is the same every time, and another with another seed', () => {
    expect(simulate(ALONE)).to.deep.equal(simulate(ALONE))
    expect(simulate(ALONE, 2)).not.to.deep.equal(simulate(ALONE))
  })
})
