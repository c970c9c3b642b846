import { expect } from 'chai'
import { Vanguards } from '../../../lib/client/onion/vanguards.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import type { DirectoryView } from '../../../lib/client/relays/directory-view.ts'
import { seed } from '../../support/seed.ts'
import { seededRandom } from '../support/seeded-random.ts'

const DAY = 86_400_000

/** Relays that are fit, by their fingerprints. */
const fitting = (count: number): Map<string, DirectoryRelay> =>
  new Map(
    Array.from(
      { length: count },
      (_, at) => [`F${at}`, { fingerprint: `F${at}` } as unknown as DirectoryRelay] as const,
    ),
  )

const directory = (params: Record<string, number> = {}): DirectoryView =>
  ({
    param: (name: string, fallback: number, min: number, max: number) =>
      Math.min(Math.max(params[name] ?? fallback, min), max),
  }) as unknown as DirectoryView

describe('Vanguards', () => {
  let now = 1_700_000_000_000
  const random = seededRandom(seed)
  const make = (): Vanguards => new Vanguards({ now: () => now, random })
  const drawFrom = (fit: ReadonlyMap<string, DirectoryRelay>) => (): DirectoryRelay | undefined =>
    [...fit.values()][random(Math.max(1, fit.size))]

  it('are four relays, all different, that stay the same from one circuit to the next', () => {
    const fit = fitting(50)
    const vanguards = make()
    const first = vanguards.relays(directory(), fit, drawFrom(fit))
    expect(new Set(first).size).to.equal(4)
    for (let turn = 0; turn < 20; turn++) expect(vanguards.relays(directory(), fit, drawFrom(fit))).to.deep.equal(first)
  })

  it('are as many as the network says, and never more than there are', () => {
    const fit = fitting(3)
    expect(make().relays(directory(), fit, drawFrom(fit))).to.have.length(3)
    const many = fitting(40)
    expect(make().relays(directory({ 'guard-hs-l2-number': 7 }), many, drawFrom(many))).to.have.length(7)
    expect(make().relays(directory(), new Map(), () => undefined)).to.have.length(0)
  })

  it('go when they are no longer fit, and others come in their place', () => {
    const fit = fitting(50)
    const vanguards = make()
    const first = vanguards.relays(directory(), fit, drawFrom(fit))
    fit.delete((first[0] as DirectoryRelay).fingerprint)
    const second = vanguards.relays(directory(), fit, drawFrom(fit))
    expect(second.slice(0, 3)).to.deep.equal(first.slice(1))
    expect(second).to.have.length(4)
  })

  it('stay for one to twelve days each, longer rather than shorter, over a year', () => {
    const fit = fitting(500)
    const vanguards = make()
    // Each relay comes once, or one that went and came back at once would look like one that stayed.
    const all = fit.values()
    const drawNext = (): DirectoryRelay | undefined => all.next().value
    const born = new Map<string, number>()
    const lives: number[] = []
    const hour = DAY / 24
    for (const end = now + 365 * DAY; now < end; now += hour) {
      const present = vanguards.relays(directory(), fit, drawNext).map(({ fingerprint }) => fingerprint)
      for (const fingerprint of present) if (!born.has(fingerprint)) born.set(fingerprint, now)
      for (const [fingerprint, since] of born) {
        if (present.includes(fingerprint)) continue
        born.delete(fingerprint)
        lives.push(now - since)
      }
    }
    expect(Math.min(...lives)).to.be.at.least(DAY)
    expect(Math.max(...lives)).to.be.at.most(12 * DAY + hour)
    // The greater of two uniform draws is at two thirds on average.
    const mean = lives.reduce((sum, life) => sum + life, 0) / lives.length
    expect(mean / DAY).to.be.within(1 + (11 * 2) / 3 - 1, 1 + (11 * 2) / 3 + 1)
  })

  it('do not outlast a clock that was set back, and are forgotten with an identity', () => {
    const fit = fitting(500)
    const vanguards = make()
    // Drawn from one half and then from the other, so that none is there twice by chance.
    const half = (from: number): Map<string, DirectoryRelay> => new Map([...fit].slice(from, from + 250))
    const first = vanguards.relays(directory(), fit, drawFrom(half(0)))
    now -= 30 * DAY
    const later = vanguards.relays(directory(), fit, drawFrom(half(250)))
    expect(later).to.have.length(4)
    expect(later.filter((relay) => first.includes(relay))).to.have.length(0)
    vanguards.forget()
    expect(vanguards.fingerprints).to.have.length(0)
  })
})
