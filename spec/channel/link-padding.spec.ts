import { expect } from 'chai'
import {
  DEFAULT_LINK_PADDING,
  drawSilence,
  LinkPadding,
  readLinkPadding,
  type LinkPaddingMode,
  type LinkPaddingRanges,
} from '../../lib/channel/link-padding.ts'
import { seededRandom } from '../client/support/seeded-random.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc, seed } from '../support/seed.ts'

const DAY = 86_400_000

/** A link that notes when it was padded. */
class PaddedLink {
  readonly clock = new FakeClock()
  readonly begun = this.clock.now()
  /** When cells of padding left, since the beginning. */
  readonly sent: number[] = []
  behind = false
  readonly padding: LinkPadding

  constructor(mode: LinkPaddingMode = 'normal', ranges: () => LinkPaddingRanges = () => DEFAULT_LINK_PADDING) {
    this.padding = new LinkPadding({
      mode,
      ranges,
      clock: this.clock,
      random: seededRandom(seed),
      send: () => {
        this.sent.push(this.now)
        this.padding.passed()
      },
      isBehind: () => this.behind,
    })
  }

  get now(): number {
    return this.clock.now() - this.begun
  }
}

/**
 * The greatest distance between what was measured and a distribution (Kolmogorov and Smirnov), times the root of how
 * many were measured: above 1.95 once in 1000 times, above 3.3 once in 10^9.
 */
function distance(measured: readonly number[], cdf: (value: number) => number): number {
  const sorted = [...measured].sort((a, b) => a - b)
  const greatest = Math.max(
    ...sorted.map((value, index) =>
      Math.max(cdf(value) - index / sorted.length, (index + 1) / sorted.length - cdf(value)),
    ),
  )
  return greatest * Math.sqrt(sorted.length)
}

/** How likely the larger of two whole numbers below `high - low` is at most `value - low`. */
const larger = (low: number, high: number) => (value: number) =>
  Math.min(1, Math.max(0, (Math.floor(value - low) + 1) / (high - low))) ** 2

describe('Padding of a link', () => {
  for (const [mode, low, high] of [
    ['normal', 1500, 9500],
    ['reduced', 9000, 14_000],
  ] as const) {
    it(`fits the distribution that is specified over a day (${mode})`, () => {
      const link = new PaddedLink(mode)
      link.padding.start()
      link.clock.advance(DAY)
      const silences = link.sent.map((at, index) => at - (link.sent[index - 1] ?? 0))
      expect(silences.length).to.be.within(DAY / (high + 1), DAY / low)
      expect(Math.min(...silences)).to.be.at.least(low)
      expect(Math.max(...silences)).to.be.below(high)
      expect(distance(silences, larger(low, high))).to.be.below(3.3)
    })
  }

  it('begins anew with every cell, and is neither early nor late by a millisecond', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { minLength: 20, maxLength: 200 }), (pauses) => {
        const link = new PaddedLink()
        link.padding.start()
        const passed = [0]
        for (const pause of pauses) {
          link.clock.advance(pause)
          passed.push(link.now)
          link.padding.passed()
        }
        const cells = [...passed.map((at) => [at, 'cell'] as const), ...link.sent.map((at) => [at, 'padding'] as const)]
        cells.sort(([a], [b]) => a - b)
        for (const [index, [at, kind]] of cells.entries()) {
          const silence = at - (cells[index - 1]?.[0] ?? 0)
          expect(silence).to.be.below(9500)
          if (kind === 'padding' && silence !== 0) expect(silence).to.be.at.least(1500)
        }
        link.padding.stop()
        expect(link.clock.timers).to.equal(0)
      }),
      { numRuns: 30 },
    )
  })

  it('fits the distribution after cells that pass at random, too', () => {
    const link = new PaddedLink()
    const random = seededRandom(seed + 1)
    link.padding.start()
    const silences: number[] = []
    for (let round = 0; round < 4000; round++) {
      // Some cells, one soon after the other; then silence until it is padded.
      for (let cells = random(6); cells >= 0; cells--) {
        link.padding.passed()
        if (cells > 0) link.clock.advance(random(1400))
      }
      const [last, count] = [link.now, link.sent.length]
      while (link.sent.length === count) link.clock.advance(1)
      silences.push((link.sent.at(-1) as number) - last)
    }
    expect(distance(silences, larger(1500, 9500))).to.be.below(3.3)
  })

  it('sets two timers in the least silence however many cells pass, and one for each cell of padding', () => {
    let set = 0
    const link = new PaddedLink()
    const { background } = link.clock
    link.clock.background = (delay, callback) => {
      set += 1
      return background.call(link.clock, delay, callback)
    }
    link.padding.start()
    for (let cell = 0; cell < 150_000; cell++) {
      link.padding.passed()
      if (cell % 10 === 9) link.clock.advance(1)
    }
    expect(link.sent).to.have.length(0)
    expect(set).to.be.at.most(2 * 11)
    set = 0
    link.clock.advance(600_000)
    expect(set).to.be.within(2 * link.sent.length - 2, 2 * link.sent.length + 2)
  })

  it('does not begin before the link carries circuits of several hops, and stops with the link', () => {
    const link = new PaddedLink()
    link.clock.advance(DAY)
    link.padding.passed()
    expect([link.sent.length, link.clock.timers]).to.deep.equal([0, 0])
    link.padding.start()
    link.padding.start()
    link.clock.advance(60_000)
    const { length } = link.sent
    expect(length).to.be.greaterThan(5)
    link.padding.stop()
    link.padding.passed()
    link.clock.advance(DAY)
    expect([link.sent.length, link.clock.timers]).to.deep.equal([length, 0])
  })

  it('holds no process', () => {
    const link = new PaddedLink()
    link.padding.start()
    for (let second = 0; second < 20; second++) {
      link.clock.advance(1000)
      expect([link.clock.awaited, link.clock.timers]).to.deep.equal([0, 1])
    }
  })

  it('sends nothing on a link that has yet to take what was given to it', () => {
    const link = new PaddedLink()
    link.behind = true
    link.padding.start()
    link.clock.advance(DAY / 24)
    expect(link.sent).to.deep.equal([])
    link.behind = false
    link.clock.advance(20_000)
    expect(link.sent).to.not.deep.equal([])
  })

  it('is off where it is not wanted, by the client or by the network, and follows the next consensus', () => {
    const off = new PaddedLink('off')
    off.padding.start()
    off.clock.advance(DAY)
    expect([off.sent.length, off.clock.timers]).to.deep.equal([0, 0])
    let high = 0
    const ranges = (): LinkPaddingRanges => ({ ...DEFAULT_LINK_PADDING, normal: { low: 0, high } })
    for (const mode of ['normal', 'reduced'] as const) {
      high = 0
      const link = new PaddedLink(mode, ranges)
      link.padding.start()
      link.clock.advance(DAY / 24)
      expect(link.sent, mode).to.deep.equal([])
      high = 9000
      link.clock.advance(120_000)
      expect(link.sent, mode).to.not.deep.equal([])
      link.padding.stop()
    }
  })

  it('goes on when the clock is set back by a year, and sends one cell after a sleep', () => {
    const link = new PaddedLink()
    link.padding.start()
    link.clock.advance(5000)
    let ahead = 365 * DAY
    const { now } = link.clock
    link.clock.now = () => now.call(link.clock) + ahead
    link.padding.passed()
    ahead = 0
    link.clock.advance(30_000)
    const { length } = link.sent
    expect(length).to.be.greaterThan(1)
    ahead = DAY
    link.clock.advance(9500)
    expect(link.sent.length - length).to.be.within(1, 6)
  })

  it('takes its ranges from the consensus, within bounds', () => {
    const none = readLinkPadding((_, fallback) => fallback)
    expect(none).to.deep.equal({ normal: { low: 1500, high: 9500 }, reduced: { low: 9000, high: 14_000 } })
    const asked: unknown[] = []
    const read = readLinkPadding((...question) => {
      asked.push(question)
      return question[0] === 'nf_ito_low' ? 20_000 : question[1]
    })
    expect(read.normal).to.deep.equal({ low: 20_000, high: 20_000 })
    expect(asked).to.deep.equal([
      ['nf_ito_low', 1500, 0, 60_000],
      ['nf_ito_high', 20_000, 20_000, 60_000],
      ['nf_ito_low_reduced', 9000, 0, 60_000],
      ['nf_ito_high_reduced', 14_000, 9000, 60_000],
    ])
    // Nothing to draw: always the same. A reduced range that is lower than the normal one does not count.
    expect(drawSilence('normal', read, () => expect.fail('nothing is drawn'))).to.equal(20_000)
    const low = { normal: { low: 5000, high: 8000 }, reduced: { low: 10, high: 20 } }
    expect(drawSilence('reduced', low, () => 0)).to.equal(5000)
    expect(drawSilence('off', low, () => 0)).to.equal(undefined)
  })
})
