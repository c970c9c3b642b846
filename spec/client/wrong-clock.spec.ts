import { expect } from 'chai'
import type { TorError } from '../../lib/base/errors.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { rejection } from '../stream/support/stream-fixture.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { ClientFixture } from './support/client-fixture.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY

describe('TorClient: a clock that is wrong', function () {
  let fixture: ClientFixture

  before(async () => {
    fixture = await ClientFixture.start()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** What opening fails with when this machine's clock is off by so much, and how long that took, in ms of the network. */
  async function openWith(off: number): Promise<{ readonly error: TorError; readonly ms: number }> {
    fixture.network.directory.requests.length = 0
    const { clock } = fixture
    const wrong = {
      now: () => clock.now() + off,
      monotonic: () => clock.now(),
      after: (delay: number, callback: () => void) => clock.after(delay, callback),
      background: (delay: number, callback: () => void) => clock.background(delay, callback),
    }
    const started = clock.now()
    const opening = TorClient.open({ ...fixture.options, clock: wrong, storage: new MemoryStorage() })
    const error = (await rejection(fixture.passing(opening))) as TorError
    return { error, ms: clock.now() - started }
  }

  const CERTIFICATES = /^no directory server could be asked: .*certificate /
  const CONSENSUS = /^Cannot use the consensus: the consensus /
  for (const [what, off, code, message] of [
    [
      '3 years fast',
      3 * YEAR,
      'DIRECTORY_UNAVAILABLE',
      [CERTIFICATES, / expired 2\.\d years ago: the clock may be wrong$/],
    ],
    ['33 days fast', 33 * DAY, 'DIRECTORY_UNAVAILABLE', [CERTIFICATES, / expired \d+ (?:hours|days) ago: the clock/]],
    [
      '2 days fast',
      50 * HOUR,
      'DIRECTORY_EXPIRED',
      [CONSENSUS, /stopped being valid 47 hours ago: the clock may be wrong$/],
    ],
    ['2 days slow', -50 * HOUR, 'DIRECTORY_FUTURE', [CONSENSUS, /will be valid only 50 hours from now: the clock/]],
    [
      '30 days slow',
      -30 * DAY,
      'DIRECTORY_FUTURE',
      [CONSENSUS, /will be valid only 30 days from now: the clock may be/],
    ],
    [
      '100 days slow',
      -100 * DAY,
      'DIRECTORY_UNAVAILABLE',
      [CERTIFICATES, /valid only \d+ days from now: the clock may be/],
    ],
    [
      '5 years slow',
      -5 * YEAR,
      'DIRECTORY_UNAVAILABLE',
      [CERTIFICATES, /valid only \d\.\d years from now: the clock may be/],
    ],
    [
      'at 1970',
      -1_700_000_000_000,
      'DIRECTORY_UNAVAILABLE',
      [CERTIFICATES, /valid only 5\d\.\d years from now: the clock/],
    ],
  ] as const) {
    it(`is said by how much when it is ${what}, at once where that is proved and within 3 s otherwise`, async () => {
      const { error, ms } = await openWith(off)
      expect(error.code, error.message).to.equal(code)
      for (const pattern of message) expect(error.message, error.message).to.match(pattern)
      // One server cannot forge a consensus of the future; an old one it can have kept, and so can two.
      const isProved = code === 'DIRECTORY_FUTURE'
      expect(ms).to.be.within(0, isProved ? 0 : 3000)
      const requests = fixture.requests['consensus'] ?? 0
      expect(requests).to.equal(isProved ? 1 : code === 'DIRECTORY_EXPIRED' ? 3 : 0)
    })
  }

  it('is not what two servers can pretend, whether they show old consensuses or old certificates', async () => {
    const [one, two, honest] = fixture.network.relays
    const network = fixture.servedBy(one as TestRelay, two as TestRelay, honest as TestRelay)
    for (const liar of [one, two]) (liar as TestRelay).lie = 'expired'
    for (let round = 0; round < 6; round++) {
      const tor = await fixture.open({ network, storage: new MemoryStorage() })
      expect(tor.status.warnings).to.deep.equal([])
      await fixture.passing(tor.close())
    }
  })

  it('is not what the guards of a client can pretend, who are asked before others', async () => {
    const tor = await fixture.open({ storage: new MemoryStorage() })
    const guards = fixture.network.relays.filter(({ nickname }) => nickname.startsWith('guard'))
    for (const guard of guards) guard.lie = 'expired'
    fixture.network.directory.requests.length = 0
    // What there is cannot be used any more.
    fixture.clock.advance(4 * DAY)
    await fixture.passing(tor.connect('example.com:80').opened)
    const asked = fixture.network.directory.requests.filter(({ kind }) => kind === 'consensus')
    expect(asked.filter(({ relay }) => guards.some((guard) => guard === relay)).length).to.be.at.least(3)
  })
})
