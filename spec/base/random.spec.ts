import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { randomFrom, randomPast, secureRandom, shuffled } from '../../lib/base/random.ts'
import { chiSquare } from '../client/support/chi-square.ts'
import { seededRandom, seededWords } from '../client/support/seeded-random.ts'

describe('Random numbers', () => {
  it('are whole and below the limit, whatever the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.integer(), (limit, seed) => {
        const value = seededRandom(seed)(limit)
        expect(Number.isSafeInteger(value) && value >= 0 && value < limit).to.equal(true)
      }),
    )
  })

  it('are 0 below 1', () => {
    expect(seededRandom(1)(1)).to.equal(0)
  })

  it('have no bias towards small numbers where a remainder would have one', () => {
    // The remainder of 32 bits would be in the first third half of the time.
    const random = seededRandom(2)
    const thirds = [0, 0, 0]
    for (let draw = 0; draw < 30_000; draw++) {
      const third = Math.floor(random(3 * 2 ** 30) / 2 ** 30)
      thirds[third] = (thirds[third] as number) + 1
    }
    const { statistic, critical } = chiSquare(thirds, [1, 1, 1])
    expect(statistic).to.be.below(critical)
  })

  it('use bits beyond the 32nd for limits that have them', () => {
    const random = seededRandom(3)
    const eighths = Array.from({ length: 8 }, () => 0)
    const limit = Number.MAX_SAFE_INTEGER
    for (let draw = 0; draw < 20_000; draw++) {
      const eighth = Math.floor(random(limit) / (limit / 8))
      eighths[eighth] = (eighths[eighth] as number) + 1
    }
    const { statistic, critical } = chiSquare(eighths, [1, 1, 1, 1, 1, 1, 1, 1])
    expect(statistic).to.be.below(critical)
  })

  it('draw again what is not below the limit', () => {
    const low = [7, 6, 5, 4]
    let draws = 0
    const random = randomFrom((words) => {
      words[0] = 0xffff_ffff
      words[1] = low[draws++] as number
    })
    expect(random(5)).to.equal(4)
    expect(draws).to.equal(4)
  })

  it('look at no more bits than the limit has', () => {
    const random = randomFrom((words) => {
      words[0] = 0xffff_ffff
      words[1] = 0xffff_fff1
    })
    expect(random(16)).to.equal(1)
  })

  it('are refused a limit that is no whole number from 1 on', () => {
    const random = randomFrom(seededWords(4))
    for (const limit of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53])
      expect(() => random(limit)).to.throw(RangeError, '"limit"')
  })

  it('come from the runtime by default', () => {
    const values = new Set(Array.from({ length: 20 }, () => secureRandom(2 ** 50)))
    expect(values.size).to.equal(20)
  })

  it('are the words of the runtime, each given once, and asked for by the hundred', () => {
    const original = crypto.getRandomValues.bind(crypto)
    const made: number[] = []
    let asked = 0
    // Each word another: 0, 1, 2 and so on.
    crypto.getRandomValues = <T extends ArrayBufferView | null>(words: T): T => {
      asked++
      const view = words as unknown as Uint32Array
      for (let at = 0; at < view.length; at++) view[at] = made.push(0) - 1
      return words
    }
    try {
      // Words that were there before come first.
      while (asked === 0) secureRandom(2 ** 32)
      const start = asked
      const values = new Set<number>()
      for (let draw = 0; draw < 1000; draw++) values.add(secureRandom(2 ** 32))
      expect(values.size).to.equal(1000)
      expect(asked - start).to.be.within(1, 20)
    } finally {
      crypto.getRandomValues = original
      // Whatever is left of these is used up.
      for (let draw = 0; draw < 1000; draw++) secureRandom(2 ** 32)
    }
  })

  it('backdate a time by at most the interval, evenly', () => {
    const random = seededRandom(5)
    const quarters = [0, 0, 0, 0]
    for (let draw = 0; draw < 10_000; draw++) {
      const past = randomPast(5000.7, 999, random)
      expect(past).to.be.within(4001, 5000)
      const quarter = Math.floor((5000 - past) / 250)
      quarters[quarter] = (quarters[quarter] as number) + 1
    }
    const { statistic, critical } = chiSquare(quarters, [1, 1, 1, 1])
    expect(statistic).to.be.below(critical)
  })

  it('backdate no time to before the epoch', () => {
    expect(randomPast(3, 1_000_000, () => 900_000)).to.equal(0)
  })

  it('shuffle into each order equally often, and leave the items alone', () => {
    const random = seededRandom(6)
    const items = ['a', 'b', 'c'] as const
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 6000; draw++) {
      const order = shuffled(items, random).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(items).to.deep.equal(['a', 'b', 'c'])
    expect([...counts.keys()].sort()).to.deep.equal(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
    const { statistic, critical } = chiSquare([...counts.values()], [1, 1, 1, 1, 1, 1])
    expect(statistic).to.be.below(critical)
  })

  it('shuffle nothing into nothing', () => {
    expect(shuffled([], () => expect.fail('asked'))).to.deep.equal([])
  })
})
