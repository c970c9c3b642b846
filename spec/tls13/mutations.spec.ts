import { expect } from 'chai'
import { tries } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { identityOf } from './support/identity.ts'
import { beheaded, connectionKind, parserKinds, randomFrom, unaltered } from './support/mutations.ts'
import { freshHello } from './support/rogue.ts'

/** How many in all, as far as no promise is involved. `fuzz.ts` takes any number. */
const COUNT = tries(200_000)
const CONNECTIONS = tries(150)

describe('TLS of a server whose bytes were altered', function () {
  it(`is refused by our own errors, or read as what it says: ${COUNT} records and messages`, async () => {
    const random = randomFrom(seed)
    const kinds = Object.entries(parserKinds(await freshHello(), await identityOf('P-256')))
    for (const [name, kind] of kinds) {
      expect(kind(unaltered), `${name}, unaltered`).to.equal('taken')
      let refused = 0
      for (let left = COUNT / kinds.length; left > 0; left--) if (kind(random) === 'refused') refused += 1
      // At least 28 of 100 are refused of each kind: of 2,000 some are, but for 10^-280.
      expect(refused, name).to.be.greaterThan(0)
    }
  })

  it('never brings altered data to a reader, and no foreign error: whole connections', async () => {
    const random = randomFrom(seed)
    const identity = await identityOf('P-256')
    expect(await connectionKind(identity, unaltered)).to.equal('taken')
    expect(await connectionKind(identity, beheaded)).to.equal('refused')
    for (let left = CONNECTIONS; left > 0; left--) await connectionKind(identity, random)
  })
})
