import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { PositionWeights, type Position } from '../../../lib/client/relays/weights.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { generatedDirectory, WEIGHTS, type DirectoryPlan } from '../support/generated-directory.ts'

const { Guard, Exit, BadExit, V2Dir, Running } = RelayFlag

const weightsOf = (plan: DirectoryPlan = {}): PositionWeights => new PositionWeights(generatedDirectory([], plan))

/** What a relay of bandwidth 1 counts for each position. */
function weighAll(weights: PositionWeights, flags: number): Record<Position, number> {
  const weigh = (position: Position): number => weights.weigh({ flags, bandwidth: 1 }, position)
  return { guard: weigh('guard'), middle: weigh('middle'), exit: weigh('exit') }
}

/** The weights but for one. */
const without = (name: string): Record<string, number> =>
  Object.fromEntries(Object.entries(WEIGHTS).filter(([each]) => each !== name))

describe('PositionWeights', () => {
  it('takes the weight of the position and of the kind of relay', () => {
    const weights = weightsOf()
    const { Wgg, Wgm, Wgd, Wmg, Wmm, Wme, Wmd, Weg, Wem, Wee, Wed } = WEIGHTS
    expect(weighAll(weights, Guard)).to.deep.equal({ guard: Wgg, middle: Wmg, exit: Weg })
    expect(weighAll(weights, Exit)).to.deep.equal({ guard: 0, middle: Wme, exit: Wee })
    expect(weighAll(weights, Guard | Exit)).to.deep.equal({ guard: Wgd, middle: Wmd, exit: Wed })
    expect(weighAll(weights, Running)).to.deep.equal({ guard: Wgm, middle: Wmm, exit: Wem })
  })

  it('takes a bad exit for no exit', () => {
    const weights = weightsOf()
    expect(weighAll(weights, Exit | BadExit)).to.deep.equal(weighAll(weights, 0))
    expect(weighAll(weights, Guard | Exit | BadExit)).to.deep.equal(weighAll(weights, Guard))
  })

  it('multiplies by the bandwidth', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffff_ffff }), (bandwidth) => {
        expect(weightsOf().weigh({ flags: Guard, bandwidth }, 'guard')).to.equal(bandwidth * 6217)
      }),
    )
  })

  it('multiplies by the weight of relays with a directory port', () => {
    const weights = weightsOf({ weights: { ...WEIGHTS, Wgb: 5000, Wmb: 2500, Web: 1000, Wdb: 0 } })
    expect(weighAll(weights, V2Dir | Guard)).to.deep.equal({ guard: 6217 / 2, middle: 3783 / 2, exit: 9123 / 2 })
    expect(weighAll(weights, V2Dir)).to.deep.equal({ guard: 6217 / 4, middle: 10_000 / 4, exit: 9999 / 4 })
    expect(weighAll(weights, V2Dir | Exit)).to.deep.equal({ guard: 0, middle: 13.7, exit: 999.9 })
    expect(weighAll(weights, V2Dir | Guard | Exit)).to.deep.equal({ guard: 0, middle: 0, exit: 0 })
    expect(weighAll(weights, Guard).guard).to.equal(6217)
  })

  it('gives every relay its whole bandwidth when the consensus has no weights', () => {
    const weights = weightsOf({ weights: {} })
    for (const flags of [0, Guard, Exit, Guard | Exit, V2Dir]) {
      expect(weighAll(weights, flags)).to.deep.equal({ guard: 10_000, middle: 10_000, exit: 10_000 })
    }
  })

  it('uses none of the weights of a position of which one is missing or negative', () => {
    for (const plan of [without('Wmd'), { ...WEIGHTS, Wmd: -1 }]) {
      const weights = weightsOf({ weights: plan })
      expect(weighAll(weights, Guard)).to.deep.equal({ guard: 6217, middle: 10_000, exit: 9123 })
    }
  })

  it('uses none at all when one for directory ports is missing', () => {
    expect(weighAll(weightsOf({ weights: without('Wmb') }), Guard)).to.deep.equal({
      guard: 10_000,
      middle: 10_000,
      exit: 10_000,
    })
  })

  it('takes a weight above the scale for the scale', () => {
    expect(weighAll(weightsOf({ weights: { ...WEIGHTS, Wgg: 20_000 } }), Guard).guard).to.equal(10_000)
  })

  it('scales by the parameter of the consensus', () => {
    const weights = weightsOf({
      params: { bwweightscale: 100 },
      weights: { ...WEIGHTS, Wgg: 62, Wgb: 50, Wmb: 100, Web: 100, Wdb: 100 },
    })
    expect(weighAll(weights, Guard).guard).to.equal(62)
    expect(weighAll(weights, Guard | V2Dir).guard).to.equal(31)
    expect(weighAll(weights, Guard).middle).to.equal(100)
  })

  it('gives no weight below zero, and none that is no number, whatever the consensus says', () => {
    const names = Object.keys(WEIGHTS)
    const int32 = fc.integer()
    const dictionary = fc.dictionary(fc.constantFrom(...names), int32)
    fc.assert(
      fc.property(dictionary, int32, fc.nat(), fc.nat({ max: 0xffff }), (weights, bwweightscale, bandwidth, flags) => {
        const all = weightsOf({ weights, params: { bwweightscale } })
        for (const position of ['guard', 'middle', 'exit'] as const) {
          expect(all.weigh({ flags, bandwidth }, position)).to.be.within(0, Number.MAX_VALUE)
        }
      }),
    )
  })
})
