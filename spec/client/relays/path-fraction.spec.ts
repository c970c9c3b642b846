import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { describedFraction, neededFraction } from '../../../lib/client/relays/path-fraction.ts'
import { PositionWeights } from '../../../lib/client/relays/weights.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { generatedDirectory, generatedNetwork, WEIGHTS, type RelayPlan } from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

const guard: RelayPlan = { flags: ['Guard'] }
const middle: RelayPlan = {}
const exit: RelayPlan = { flags: ['Exit'] }
const missing = (plan: RelayPlan): RelayPlan => ({ ...plan, hasMicrodescriptor: false })

/** Weights under which each position has only the relays that are meant for it. */
const APART = { ...WEIGHTS, Wgg: 10_000, Wgm: 0, Wgd: 0, Wmg: 0, Wmm: 10_000, Wme: 0, Wmd: 0, Wee: 10_000, Wed: 0 }

const fractionOf = (plans: readonly RelayPlan[], weights: Readonly<Record<string, number>> = APART): number =>
  describedFraction(generatedDirectory(plans, { weights }))

describe('The part of the paths that a directory describes', () => {
  it('is all of them when nothing is missing, and none when a position has nothing', () => {
    const all = [guard, guard, middle, middle, exit, exit]
    expect(fractionOf(all)).to.equal(1)
    expect(fractionOf(all.map(missing))).to.equal(0)
    for (const position of [guard, middle, exit])
      expect(fractionOf(all.map((plan) => (plan === position ? missing(plan) : plan)))).to.equal(0)
  })

  it('is the product of what is there of guards, middles and exits, by weight and not by number', () => {
    const plans: RelayPlan[] = [
      { ...guard, bandwidth: 300 },
      missing({ ...guard, bandwidth: 100 }),
      { ...middle, bandwidth: 40 },
      missing({ ...middle, bandwidth: 10 }),
      missing({ ...exit, bandwidth: 1000 }),
      ...Array.from({ length: 10 }, () => ({ ...exit, bandwidth: 10 })),
    ]
    expect(fractionOf(plans)).to.be.closeTo((3 / 4) * (4 / 5) * (1 / 11), 1e-12)
  })

  it('counts the relays where they weigh nothing', () => {
    const weightless = { bandwidth: 0 }
    const plans = [guard, missing(guard), middle, exit, exit, exit, missing(exit)].map((plan) => ({
      ...plan,
      ...weightless,
    }))
    expect(fractionOf(plans)).to.be.closeTo((1 / 2) * (5 / 7) * (3 / 4), 1e-12)
  })

  it('has the middles twice where the consensus has no exit, as in C tor', () => {
    expect(fractionOf([guard, middle, middle, middle, missing(middle)])).to.be.closeTo((3 / 4) ** 2, 1e-12)
    // Those that are none in truth do not count either.
    const bad: RelayPlan = missing({ flags: ['Exit', 'BadExit'], bandwidth: 0 })
    expect(fractionOf([guard, middle, middle, middle, missing(middle), bad])).to.be.closeTo((3 / 4) ** 2, 1e-12)
  })

  it('leaves out relays that can be no hop, and guards that are not fit to be one', () => {
    const old = { protocols: 'Link=4-5 Relay=1' }
    expect(fractionOf([guard, middle, exit, missing({ ...exit, ...old }), missing({ ...guard, ...old })])).to.equal(1)
    const notFast = missing({ ...guard, without: ['Fast'] })
    expect(fractionOf([guard, middle, exit, notFast])).to.equal(1)
  })

  it('is between 0 and 1, and grows with each description', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer(), (count, seed) => {
        const random = seededRandom(seed)
        const plans = generatedNetwork(count, random)
        let before = 0
        for (let described = 0; described <= count; described++) {
          const some = plans.map((plan, index) => (index < described ? plan : missing(plan)))
          const now = describedFraction(generatedDirectory(some))
          expect(now).to.be.within(before - 1e-12, 1 + 1e-12)
          before = now
        }
        expect(before).to.equal(1)
      }),
      { seed: 31, numRuns: 50 },
    )
  })

  it('bounds what leaving out can add to the chance of a relay: at 60 % to five thirds of it', () => {
    const random = seededRandom(7)
    let judged = 0
    for (let round = 0; round < 200; round++) {
      const plans = generatedNetwork(60, random).map((plan) => (random(8) === 0 ? missing(plan) : plan))
      const directory = generatedDirectory(plans)
      if (describedFraction(directory) < 0.6) continue
      const weights = new PositionWeights(directory)
      for (const [position, flag] of [
        ['guard', RelayFlag.Guard],
        ['middle', 0],
        ['exit', RelayFlag.Exit],
      ] as const) {
        const sum = (relays: readonly Pick<DirectoryRelay, 'flags' | 'bandwidth'>[]): number =>
          relays
            .filter(({ flags }) => (flags & flag) === flag)
            .reduce((total, relay) => total + weights.weigh(relay, position), 0)
        expect(sum(directory.consensus.relays) / sum(directory.relays)).to.be.at.most(5 / 3 + 1e-9)
      }
      judged++
    }
    expect(judged).to.be.at.least(5)
  })

  it('that is needed is 60 %, or what the consensus says, from 25 to 95', () => {
    const needed = (params: Record<string, number> = {}): number => neededFraction(generatedDirectory([], { params }))
    expect(needed()).to.equal(0.6)
    const name = 'min_paths_for_circs_pct'
    expect([1, 25, 70, 95, 100].map((percent) => needed({ [name]: percent }))).to.deep.equal([
      0.25, 0.25, 0.7, 0.95, 0.95,
    ])
  })
})
