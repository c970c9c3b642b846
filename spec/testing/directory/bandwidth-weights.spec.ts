import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { bandwidthWeights, WEIGHT_SCALE } from '../../../lib/testing/directory/bandwidth-weights.ts'

const bandwidth = fc.integer({ min: 0, max: 50_000_000 })
const totals = fc.record({ guard: bandwidth, middle: bandwidth, exit: bandwidth, both: bandwidth })

const weight = (weights: Record<string, number>, name: string): number => weights[name] as number

describe('Bandwidth weights', () => {
  it('are 19, each from 0 to 10,000, in the order of their names', () => {
    fc.assert(
      fc.property(totals, (each) => {
        const weights = bandwidthWeights(each)
        expect(Object.keys(weights)).to.have.length(19)
        expect(Object.keys(weights)).to.deep.equal(Object.keys(weights).sort())
        for (const [name, value] of Object.entries(weights)) {
          expect(Number.isInteger(value), name).to.equal(true)
          expect(value, name).to.be.within(0, WEIGHT_SCALE)
        }
      }),
    )
  })

  it('share the bandwidth of each kind of relay out among the positions', () => {
    fc.assert(
      fc.property(totals, (each) => {
        const of = (name: string): number => weight(bandwidthWeights(each), name)
        // Fractions are cut off.
        expect(of('Wgg') + of('Wmg')).to.be.within(WEIGHT_SCALE - 1, WEIGHT_SCALE)
        expect(of('Wee') + of('Wme')).to.be.within(WEIGHT_SCALE - 1, WEIGHT_SCALE)
        expect(of('Wgd') + of('Wmd') + of('Wed')).to.be.within(WEIGHT_SCALE - 2, WEIGHT_SCALE)
      }),
    )
  })

  it('give every position the same where guards and exits are plenty', () => {
    const each = { guard: 40_000, middle: 10_000, exit: 40_000, both: 9_000 }
    const of = (name: string): number => weight(bandwidthWeights(each), name) / WEIGHT_SCALE
    const guards = of('Wgg') * each.guard + of('Wgd') * each.both
    const middles = of('Wmm') * each.middle + of('Wmg') * each.guard + of('Wme') * each.exit + of('Wmd') * each.both
    const exits = of('Wee') * each.exit + of('Wed') * each.both
    expect(guards).to.be.closeTo(middles, 20)
    expect(guards).to.be.closeTo(exits, 20)
  })

  /** What authorities of tor 0.4.9.11 made of these sums. */
  it('are those of a network of real tor', () => {
    const weights = bandwidthWeights({ guard: 13, middle: 32, exit: 0, both: 0 })
    expect(weights).to.deep.equal({
      Wbd: 0,
      Wbe: 0,
      Wbg: 0,
      Wbm: 10_000,
      Wdb: 10_000,
      Web: 10_000,
      Wed: 10_000,
      Wee: 10_000,
      Weg: 10_000,
      Wem: 10_000,
      Wgb: 10_000,
      Wgd: 0,
      Wgg: 10_000,
      Wgm: 10_000,
      Wmb: 10_000,
      Wmd: 0,
      Wme: 0,
      Wmg: 0,
      Wmm: 10_000,
    })
  })

  it('spare what is scarce', () => {
    const noExits = bandwidthWeights({ guard: 50_000, middle: 20_000, exit: 100, both: 100 })
    expect([weight(noExits, 'Wgd'), weight(noExits, 'Wmd'), weight(noExits, 'Wed')]).to.deep.equal([0, 0, WEIGHT_SCALE])
    const noGuards = bandwidthWeights({ guard: 100, middle: 20_000, exit: 50_000, both: 100 })
    expect([weight(noGuards, 'Wgd'), weight(noGuards, 'Wmd'), weight(noGuards, 'Wed')]).to.deep.equal([
      WEIGHT_SCALE,
      0,
      0,
    ])
  })
})
