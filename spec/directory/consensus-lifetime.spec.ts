import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { checkLifetime, type Lifetime, nearestUse, nextFetch } from '../../lib/directory/consensus-lifetime.ts'
import { expectRefused } from './support/helpers.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const AT_ONE = Date.UTC(2026, 6, 27, 1)

/** The example of dir-spec section 5.1: valid from 1:00, fresh until 2:00, valid until 4:00. */
const LIFETIME: Lifetime = { validAfter: AT_ONE, freshUntil: AT_ONE + HOUR, validUntil: AT_ONE + 3 * HOUR }

describe('the life of a consensus', () => {
  it('has phases', () => {
    const phase = (now: number): string => checkLifetime(LIFETIME, now).phase
    expect(phase(AT_ONE - 1)).to.equal('early')
    expect(phase(AT_ONE)).to.equal('fresh')
    expect(phase(AT_ONE + HOUR - 1)).to.equal('fresh')
    expect(phase(AT_ONE + HOUR)).to.equal('live')
    expect(phase(AT_ONE + 3 * HOUR)).to.equal('live')
    expect(phase(AT_ONE + 3 * HOUR + 1)).to.equal('stale')
  })

  it('may be up to 24 hours off, with a warning', () => {
    expect(checkLifetime(LIFETIME, AT_ONE + 2 * HOUR).warning).to.equal(undefined)
    expect(checkLifetime(LIFETIME, AT_ONE - 24 * HOUR)).to.deep.equal({
      phase: 'early',
      warning: 'the consensus will be valid only 24 hours from now: the clock may be wrong',
    })
    expect(checkLifetime(LIFETIME, AT_ONE + 27 * HOUR)).to.deep.equal({
      phase: 'stale',
      warning: 'the consensus stopped being valid 24 hours ago: the clock may be wrong',
    })
    expect(checkLifetime(LIFETIME, AT_ONE - 1).warning).to.match(/1 minute from now/)
  })

  it('is over, or has not begun, beyond that', () => {
    expectRefused(() => checkLifetime(LIFETIME, AT_ONE - 24 * HOUR - 1), 'DIRECTORY_FUTURE')
    expectRefused(() => checkLifetime(LIFETIME, AT_ONE + 27 * HOUR + 1), 'DIRECTORY_EXPIRED')
    expectRefused(() => checkLifetime(LIFETIME, 0), 'DIRECTORY_FUTURE')
  })
})

describe('the moment nearest to now at which a consensus may be used', () => {
  it('is now, or the first or the last moment of all', () => {
    for (const [now, nearest] of [
      [0, AT_ONE - 24 * HOUR],
      [AT_ONE - 24 * HOUR, AT_ONE - 24 * HOUR],
      [AT_ONE + 5, AT_ONE + 5],
      [AT_ONE + 27 * HOUR, AT_ONE + 27 * HOUR],
      [AT_ONE + 28 * HOUR, AT_ONE + 27 * HOUR],
    ] as const) {
      expect(nearestUse(LIFETIME, now)).to.equal(nearest)
      checkLifetime(LIFETIME, nearest)
    }
  })
})

describe('the next consensus', () => {
  it("is fetched between 2:45 and 3:50 in the specification's example", () => {
    expect(nextFetch(LIFETIME, AT_ONE, () => 0)).to.equal(AT_ONE + HOUR + 45 * MINUTE)
    expect(nextFetch(LIFETIME, AT_ONE, () => 1 - 2 ** -53)).to.be.within(AT_ONE + 170 * MINUTE, AT_ONE + 171 * MINUTE)
  })

  it('is fetched at once when this one does not hold', () => {
    for (const now of [AT_ONE - 1, AT_ONE + 3 * HOUR + 1]) expect(nextFetch(LIFETIME, now, () => 0.5)).to.equal(now)
  })

  it('is fetched while this one holds but is no longer fresh, however short they live', () => {
    const second = fc.integer({ min: 1, max: 100_000 }).map((seconds) => seconds * 1000)
    fc.assert(
      fc.property(
        second,
        second,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (fresh, rest, draw) => {
          const lifetime = { validAfter: AT_ONE, freshUntil: AT_ONE + fresh, validUntil: AT_ONE + fresh + rest }
          expect(nextFetch(lifetime, AT_ONE, () => draw)).to.be.within(lifetime.freshUntil + 1, lifetime.validUntil)
        },
      ),
    )
  })
})
