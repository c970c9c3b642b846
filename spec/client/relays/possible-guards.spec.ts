import { expect } from 'chai'
import { findPossibleGuards, possibleGuards } from '../../../lib/client/relays/possible-guards.ts'
import { canBeGuard } from '../../../lib/client/relays/usable-relays.ts'
import { generatedDirectory, generatedNetwork, type RelayPlan } from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

/** Links that no relay of use speaks; a hop that lacks what extends circuits; one that cannot be told. */
const ODD: readonly RelayPlan[] = [
  { flags: ['Guard'], protocols: 'FlowCtrl=1-2 Link=1-3 Relay=1-4' },
  { flags: ['Guard'], protocols: 'FlowCtrl=1-2 Link=1-5 Relay=1' },
  { flags: ['Guard'], protocols: '' },
  { flags: ['Guard', 'MiddleOnly'] },
  { flags: ['Guard'], without: ['Valid'] },
  { flags: ['Guard'], addresses: [] },
  { flags: [] },
]

describe('The relays of a consensus that can be guards', () => {
  const directory = () => generatedDirectory([...generatedNetwork(3000, seededRandom(5)), ...ODD])

  it('are the same ones whether they are looked for ahead or not', async () => {
    const [one, other] = [directory(), directory()]
    await findPossibleGuards(one, { pause: () => Promise.resolve() })
    const ahead = possibleGuards(one).map(({ fingerprint }) => fingerprint)
    expect(ahead).to.deep.equal(possibleGuards(other).map(({ fingerprint }) => fingerprint))
    expect(ahead).to.have.length(1000)
    expect(ahead).to.deep.equal(one.consensus.relays.filter(canBeGuard).map(({ fingerprint }) => fingerprint))
  })

  it('are looked for once for each consensus', async () => {
    const [one, other] = [directory(), directory()]
    const found = possibleGuards(one)
    await findPossibleGuards(one)
    expect(possibleGuards(one)).to.equal(found)
    expect(possibleGuards(other)).not.to.equal(found)
  })
})
