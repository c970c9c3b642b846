import { expect } from 'chai'
import { tries } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { identityOf } from './support/identity.ts'
import { connectionKind, parserKinds, randomFrom, type Outcome } from './support/mutations.ts'
import { freshHello } from './support/rogue.ts'

/** How many in all, as far as no promise is involved. `fuzz.ts` takes any number. */
const COUNT = tries(200_000)
const CONNECTIONS = tries(150)

describe('TLS of a server whose bytes were altered', function () {
  this.timeout(60_000) // it computes, on machines that are slow
  it(`is refused by our own errors, or read as what it says: ${COUNT} records and messages`, async () => {
    const random = randomFrom(seed)
    const kinds = Object.entries(parserKinds(freshHello(), await identityOf('P-256')))
    for (const [name, kind] of kinds) {
      const outcomes: Record<Outcome, number> = { taken: 0, refused: 0 }
      for (let left = COUNT / kinds.length; left > 0; left--) outcomes[kind(random)] += 1
      expect(outcomes.taken, `${name}: some are right all the same`).to.be.greaterThan(0)
      expect(outcomes.refused, `${name}: some are wrong`).to.be.greaterThan(0)
    }
  })

  it('never brings altered data to a reader, and no foreign error: whole connections', async () => {
    const random = randomFrom(seed)
    const identity = await identityOf('P-256')
    const outcomes: Record<Outcome, number> = { taken: 0, refused: 0 }
    for (let left = CONNECTIONS; left > 0; left--) outcomes[await connectionKind(identity, random)] += 1
    expect(outcomes.refused).to.be.greaterThan(CONNECTIONS / 2)
  })
})
