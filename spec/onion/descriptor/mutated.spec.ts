import { expect } from 'chai'
import { tries } from '../../support/engines.ts'
import { seed } from '../../support/seed.ts'
import {
  beheaded,
  descriptorKind,
  handshakeKind,
  introductionKind,
  parserKinds,
  randomFrom,
  unaltered,
} from '../support/mutations.ts'

/** How many in all, as far as no promise is involved. `fuzz.ts` takes any number. */
const COUNT = tries(12_000)
const WHOLE = tries(30)

describe('What relays tell of an onion service, altered', function () {
  it(`is refused by our own errors, or read as what it says: ${COUNT} layers and messages`, async () => {
    const random = randomFrom(seed)
    const kinds = Object.entries(parserKinds())
    for (const [name, kind] of kinds) {
      expect(await kind(unaltered), `${name}, unaltered`).to.equal('taken')
      let refused = 0
      for (let left = COUNT / kinds.length; left > 0; left--) if ((await kind(random)) === 'refused') refused += 1
      // At least 11 of 100 are refused of each kind: of 200 some are, but for 10^-10.
      expect(refused, name).to.be.greaterThan(0)
    }
  })

  it('opens to no foreign error: whole descriptors, altered within or without', async () => {
    const random = randomFrom(seed)
    expect(await descriptorKind(unaltered)).to.equal('taken')
    expect(await descriptorKind(beheaded)).to.equal('refused')
    for (let left = WHOLE; left > 0; left--) await descriptorKind(random)
  })

  it('never makes keys but those of the service: handshakes', async () => {
    const random = randomFrom(seed)
    expect(await handshakeKind(unaltered)).to.equal('taken')
    expect(await handshakeKind(beheaded)).to.equal('refused')
    for (let left = 4 * WHOLE; left > 0; left--) await handshakeKind(random)
  })
  it('is passed over or read as what it says, once, and never taken for what nobody said: introductions', async () => {
    const random = randomFrom(seed)
    expect(await introductionKind(unaltered)).to.equal('taken')
    for (let left = 8 * WHOLE; left > 0; left--) await introductionKind(random)
  })
})
