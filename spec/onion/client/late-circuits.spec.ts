import { expect } from 'chai'
import { pause } from '../../../lib/base/waiting/pause.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { ClientFixture } from '../../client/support/client-fixture.ts'

/** How long circuits have taken so far, in ms; how many of them; and how long each hop takes while the network is slow. */
const USUAL = 50
const COUNT = 200
const SLOW = 1000

/** For how long it is slow, in ms: each of three introduction points was given up in two seconds. */
const SLOW_FOR = 20_000

const BOTH = ['its introduction', 'its rendezvous'] as const

describe('A client of an onion service that knows a fast network, which has become slow', function () {
  let fixture: ClientFixture
  /** Aborted when nobody waits for a slow relay any more. */
  let over: AbortController

  beforeEach(async () => {
    over = new AbortController()
    fixture = await ClientFixture.start({ relays: 8 })
    // What is late stays late: otherwise it is learned after a while that the network is another one.
    fixture.network.directory.params = {
      cc_alg: 2,
      cbtmincircs: COUNT / 2,
      cbtrecentcount: 1000,
      cbtmaxtimeouts: 10_000,
    }
    const times = { version: 1, histogram: [[USUAL + 5, COUNT]], abandoned: 0 }
    await fixture.storage.write('build-times', new TextEncoder().encode(JSON.stringify(times)))
  })
  afterEach(async () => {
    over.abort()
    await fixture.tidy() // which fails unless nothing is left
    await fixture.end()
  })

  for (const what of BOTH) {
    it(`meets it all the same when ${what} takes longer than circuits ever took, and blames no introduction point`, async () => {
      const { clock, network } = fixture
      const onion = network.onionService()
      const tor = await fixture.open()
      await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
      clock.advance(11 * 60_000)
      // The first relay is heard, so that the network is not down; the others take their time.
      const guard = tor.circuits[0]?.path[0]?.fingerprint
      let inTime = what === 'its introduction' ? 2 : 0
      let until = 0
      let slow = 0
      for (const relay of network.relays) {
        if (encodeHex(relay.description.rsaIdentity).toUpperCase() === guard) continue
        relay.answerCreate = async (): Promise<'answer'> => {
          if (inTime-- > 0) return 'answer'
          until ||= clock.now() + SLOW_FOR
          if (clock.now() < until) {
            slow += 1
            await pause(clock, SLOW, [over.signal]).catch(() => undefined) // it is over
          }
          return 'answer'
        }
      }
      await fixture.passing(tor.connect(`${onion.hostname}:80`, { timeout: 600_000 }).opened)
      expect(slow).to.be.at.least(4)
      expect([onion.introductions.length, onion.fetches]).to.deep.equal([2, 1])
    })
  }
})
