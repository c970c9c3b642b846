import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { chooseWeighted } from '../../../lib/client/relays/weighted-choice.ts'
import { chiSquare } from '../support/chi-square.ts'
import { seededRandom } from '../support/seeded-random.ts'

const itself = (weight: number): number => weight

describe('chooseWeighted', () => {
  it('gives nothing of nothing, and asks for no randomness', () => {
    expect(
      chooseWeighted(
        [],
        () => 1,
        () => expect.fail('asked'),
      ),
    ).to.equal(undefined)
  })

  it('gives each item for exactly as many numbers as its weight says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        fc.pre(total > 0)
        const counts = weights.map(() => 0)
        for (let value = 0; value < total; value++) {
          const index = chooseWeighted(
            weights.map((_, at) => at),
            (at) => weights[at] as number,
            (limit) => {
              expect(limit).to.equal(total)
              return value
            },
          )
          counts[index as number] = (counts[index as number] as number) + 1
        }
        expect(counts).to.deep.equal(weights)
      }),
    )
  })

  it('follows the weights over 100,000 draws', () => {
    const weights = Array.from({ length: 60 }, (_, index) => (index % 7 === 3 ? 0 : 10 + index ** 2))
    const random = seededRandom(1)
    const counts = weights.map(() => 0)
    const indexes = weights.map((_, index) => index)
    for (let draw = 0; draw < 100_000; draw++) {
      const index = chooseWeighted(indexes, (at) => weights[at] as number, random) as number
      counts[index] = (counts[index] as number) + 1
    }
    const { statistic, critical } = chiSquare(counts, weights)
    expect(statistic).to.be.below(critical)
  })

  it('never gives an item without weight while another has one', () => {
    for (let seed = 0; seed < 200; seed++) expect(chooseWeighted([0, 0, 1, 0], itself, seededRandom(seed))).to.equal(1)
  })

  it('gives all items alike when none has weight', () => {
    const given = [0, 1, 2].map((value) =>
      chooseWeighted(
        ['a', 'b', 'c'],
        () => 0,
        (limit) => {
          expect(limit).to.equal(3)
          return value
        },
      ),
    )
    expect(given).to.deep.equal(['a', 'b', 'c'])
  })

  it('takes what is no weight for none', () => {
    for (const nonsense of [-5, Number.NaN, -Infinity]) {
      for (let seed = 0; seed < 20; seed++)
        expect(chooseWeighted([nonsense, 3], itself, seededRandom(seed))).to.equal(3)
    }
  })

  it('keeps proportions when the sum is beyond 2^53', () => {
    const random = seededRandom(2)
    const weights = [2 ** 52, 2 ** 53, 2 ** 54 + 2 ** 53, 1]
    const counts = weights.map(() => 0)
    for (let draw = 0; draw < 10_000; draw++) {
      const index = chooseWeighted(
        [0, 1, 2, 3],
        (at) => weights[at] as number,
        (limit) => {
          expect(limit).to.be.at.most(Number.MAX_SAFE_INTEGER)
          return random(limit)
        },
      ) as number
      counts[index] = (counts[index] as number) + 1
    }
    // No weight is more than 2^53 - 1; the last is too small to be drawn.
    const { statistic, critical } = chiSquare(counts.slice(0, 3), [1, 2, 2])
    expect(statistic).to.be.below(critical)
    expect(counts[3]).to.equal(0)
  })

  it('draws of 9,000 relays that all claim the most a consensus can say', () => {
    const relays = Array.from({ length: 9000 }, (_, index) => index)
    const index = chooseWeighted(
      relays,
      () => 0xffff_ffff * 10_000,
      (limit) => {
        expect(limit).to.be.at.most(Number.MAX_SAFE_INTEGER)
        return limit - 1
      },
    )
    expect(index).to.equal(8999)
  })
})
