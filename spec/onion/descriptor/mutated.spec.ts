import { expect } from 'chai'
import { tries } from '../../support/engines.ts'
import { seed } from '../../support/seed.ts'
import { descriptorKind, handshakeKind, parserKinds, randomFrom, type Outcome } from '../support/mutations.ts'

/** How many in all, as far as no promise is involved. `fuzz.ts` takes any number. */
const COUNT = tries(12_000)
const WHOLE = tries(30)

describe('What relays tell of an onion service, altered', function () {
  this.timeout(60_000) // it computes, on machines that are slow

  it(`is refused by our own errors, or read as what it says: ${COUNT} layers and messages`, () => {
    const random = randomFrom(seed)
    const kinds = Object.entries(parserKinds())
    for (const [name, kind] of kinds) {
      const outcomes: Record<Outcome, number> = { taken: 0, refused: 0 }
      for (let left = COUNT / kinds.length; left > 0; left--) outcomes[kind(random)] += 1
      expect(outcomes.taken, `${name}: some are right all the same`).to.be.greaterThan(0)
      expect(outcomes.refused, `${name}: some are wrong`).to.be.greaterThan(0)
    }
  })

  it('opens to no foreign error: whole descriptors, altered within or without', async () => {
    const random = randomFrom(seed)
    const outcomes: Record<Outcome, number> = { taken: 0, refused: 0 }
    for (let left = WHOLE; left > 0; left--) outcomes[await descriptorKind(random)] += 1
    expect(outcomes.refused).to.be.greaterThan(0)
    expect(outcomes.taken, 'what is altered may be what nobody reads').to.be.greaterThan(0)
  })

  it('never makes keys but those of the service: handshakes', async () => {
    const random = randomFrom(seed)
    const outcomes: Record<Outcome, number> = { taken: 0, refused: 0 }
    for (let left = 4 * WHOLE; left > 0; left--) outcomes[await handshakeKind(random)] += 1
    expect(outcomes.refused).to.be.greaterThan(0)
    expect(outcomes.taken).to.be.greaterThan(0)
  })
})
