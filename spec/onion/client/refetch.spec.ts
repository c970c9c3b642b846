import { expect } from 'chai'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'
import { ClientFixture } from '../../client/support/client-fixture.ts'
import { failureOf } from '../../support/failures.ts'

/** After so long a circuit to a service takes no more streams, and what failed is forgotten, in ms. */
const LATER = 11 * 60_000

/** How many relays keep a descriptor where clients look for it: two replicas, at three relays each. */
const KEEPERS = 6

describe('A client whose descriptor of an onion service lists introduction points that are given up', function () {
  let fixture: ClientFixture
  let onion: TestOnionService
  let tor: TorClient
  /** What each fetch but the first was answered with, in the order of the fetches. */
  let served: string[]

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: 8 })
    onion = fixture.network.onionService()
    tor = await fixture.open()
    served = []
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    await fixture.end()
  })

  const connect = (): Promise<unknown> => fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
  const failure = async (): Promise<string> =>
    (await fixture.passing(failureOf(tor.connect(`${onion.hostname}:80`).opened))).code

  /** The circuits to relays that somebody else has chosen. */
  const extended = (): unknown[] => fixture.network.circuits.filter(({ hops }) => hops.length === 4)

  /** Connects, and lets the service take other points then; so many fetches are still answered with what was before. */
  async function renewed(stale: number): Promise<void> {
    let old = ''
    onion.descriptor = { outer: (text) => (old = text) }
    await connect()
    onion.renewIntroductionPoints()
    onion.descriptor = {
      revision: 2n,
      outer: (text) => {
        const answer = served.length < stale ? old : text
        served.push(answer === old ? 'old' : 'new')
        return answer
      },
    }
    fixture.clock.advance(LATER)
  }

  it('fetches another one, and is introduced at the points that this one lists', async () => {
    await renewed(0)
    await connect()
    expect(served).to.deep.equal(['new'])
    // One at first, three that refuse, one that passes it on.
    expect(onion.introductions).to.have.length(2)
  })

  it('asks the next directory where one has only what it knows already', async () => {
    await renewed(2)
    await connect()
    expect(served).to.deep.equal(['old', 'old', 'new'])
    expect(onion.introductions).to.have.length(2)
  })

  it('asks each directory once where all have only what it knows already, and tries no point again', async () => {
    await renewed(Infinity)
    for (let turn = 0; turn < 4; turn++) {
      expect(await failure()).to.equal('ONION_INTRODUCTION_FAILED')
      expect(served).to.deep.equal(Array<string>(KEEPERS).fill('old'))
    }
    // To meet it at first two, then to each directory and to each point one.
    expect(extended()).to.have.length(2 + KEEPERS + 3)
  })

  it('is told so at once where a newer one lists the same points, without a third fetch', async () => {
    let fetches = 0
    onion.descriptor = { outer: (text) => text }
    await connect()
    onion.answerIntroduce = 1
    onion.descriptor = {
      get revision() {
        return BigInt(++fetches + 1)
      },
    }
    fixture.clock.advance(LATER)
    expect(await failure()).to.equal('ONION_INTRODUCTION_FAILED')
    expect([onion.fetches, onion.introductions.length]).to.deep.equal([2, 4])
  })

  it('gives up after six introductions where each directory has a newer one with points that are given up as well', async () => {
    await connect()
    let revision = 1n
    onion.answerIntroduce = 1
    onion.descriptor = {
      get revision() {
        return ++revision
      },
      outer: (text) => {
        served.push('newer')
        queueMicrotask(() => onion.renewIntroductionPoints())
        return text
      },
    }
    onion.renewIntroductionPoints()
    fixture.clock.advance(LATER)
    expect(await failure()).to.equal('ONION_INTRODUCTION_FAILED')
    expect(served).to.deep.equal(['newer'])
    expect(extended()).to.have.length(2 + 1 + 6)
  })
})
