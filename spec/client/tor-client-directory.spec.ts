import { expect } from 'chai'
import type { ClientStatus } from '../../lib/client/bootstrap/status.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { TorError } from '../../lib/base/errors.ts'
import type { DirectoryRequest, DocumentLie, TransferLie } from '../../lib/testing/directory/directory-lies.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { codeOf, rejection } from '../stream/support/stream-fixture.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture } from './support/client-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('TorClient: the directory', function () {
  let fixture: ClientFixture
  let liar: TestRelay

  before(async () => {
    fixture = await ClientFixture.start()
    liar = fixture.network.relays.find(({ nickname }) => nickname.startsWith('exit')) as TestRelay
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** A network of which a client asks one authority, that tells lies, and its guards. */
  const lied = (lie: DocumentLie | TransferLie): Promise<unknown> => {
    const { authorities } = fixture.network.directory
    for (const { relay } of authorities) relay.lie = lie
    // Descriptions are asked of guards.
    if (lie.endsWith('-microdescriptors')) for (const relay of fixture.network.relays) relay.lie = lie
    // Only one of the three is asked; all three must have signed.
    const [server] = fixture.network.config.authorities
    const authoritiesAtOnePlace = fixture.network.config.authorities.map((authority) => ({
      ...authority,
      addresses: server?.addresses ?? [],
      rsaIdentity: server?.rsaIdentity as Uint8Array,
    }))
    const options = {
      ...fixture.options,
      network: { authorities: authoritiesAtOnePlace, fallbacks: [], testing: true },
    }
    return rejection(fixture.passing(TorClient.open(options)))
  }

  const documents: readonly (readonly [lie: DocumentLie, code: string])[] = [
    ['expired', 'DIRECTORY_EXPIRED'],
    ['future', 'DIRECTORY_FUTURE'],
    ['altered', 'DIRECTORY_SIGNATURES'],
    ['forged-signatures', 'DIRECTORY_SIGNATURES'],
    ['minority', 'DIRECTORY_SIGNATURES'],
    ['repeated-signature', 'DIRECTORY_SIGNATURES'],
    ['unknown-authorities', 'DIRECTORY_SIGNATURES'],
    ['impostors', 'DIRECTORY_CERTIFICATE'],
    ['other-certificates', 'DIRECTORY_CERTIFICATE'],
    ['expired-certificates', 'DIRECTORY_CERTIFICATE'],
    ['forged-certificates', 'DIRECTORY_CERTIFICATE'],
    ['uncrossed-certificates', 'DIRECTORY_CERTIFICATE'],
    ['altered-microdescriptors', 'DIRECTORY_DIGEST'],
  ]
  const transfers: readonly (readonly [lie: TransferLie, code: string])[] = [
    ['hang', 'DIRECTORY_UNAVAILABLE'],
    ['stall', 'DIRECTORY_UNAVAILABLE'],
    ['reset', 'DIRECTORY_UNAVAILABLE'],
    ['truncated', 'DIRECTORY_UNAVAILABLE'],
    ['empty', 'DIRECTORY_MALFORMED'],
    ['oversized', 'DIRECTORY_TOO_LARGE'],
    ['bomb', 'DIRECTORY_TOO_LARGE'],
    ['garbage', 'DIRECTORY_MALFORMED'],
    ['not-http', 'DIRECTORY_MALFORMED'],
    ['endless-header', 'DIRECTORY_MALFORMED'],
    ['busy', 'DIRECTORY_UNAVAILABLE'],
    ['not-found', 'DIRECTORY_UNAVAILABLE'],
  ]
  for (const [lie, code] of [...documents, ...transfers]) {
    it(`is refused that is a lie: ${lie} is ${code}`, async () => {
      const error = (await lied(lie)) as TorError
      expect(`${error.code} ${error.message}`).to.match(new RegExp(`^${code} `))
      await fixture.expectNothingOpen()
      expect(await fixture.storage.read('consensus').then((kept) => kept !== undefined)).to.equal(
        lie.endsWith('-microdescriptors'),
      )
    })
  }

  it('is asked of the next server when one lies, each time', async () => {
    for (const lie of ['garbage', 'altered', 'expired', 'not-found', 'forged-certificates', 'reset'] as const) {
      // A guard, as descriptions are asked of guards.
      const honest = fixture.network.relays.find(({ nickname }) => nickname === 'guard2') as TestRelay
      for (const relay of fixture.network.relays) relay.lie = relay === honest ? undefined : lie
      const tor = await fixture.open({ network: fixture.servedBy(liar, honest) })
      await fixture.passing(tor.connect('example.com:80').opened)
      await fixture.passing(tor.close())
      await fixture.storage.remove('consensus')
      await fixture.storage.remove('microdescriptors')
    }
  })

  it('is no worse for descriptions in another order than they were asked for', async () => {
    fixture.network.directory.lie = 'swapped-microdescriptors'
    const tor = await fixture.open()
    await fixture.passing(tor.connect('example.com:80').opened)
  })

  it('says that this client is too old, and does not ask on and on', async () => {
    const { directory } = fixture.network
    const before = directory.requiredClientProtocols
    directory.requiredClientProtocols = before.replace(/Relay=\S+/, 'Relay=2,63')
    const error = (await rejection(fixture.open())) as TorError
    directory.requiredClientProtocols = before
    expect(error.code).to.equal('CLIENT_OBSOLETE')
    expect(error.message).to.include('Relay=63')
    expect(fixture.requests['consensus']).to.equal(1)
  })

  it('of a network in which no path can be made fails with NO_PATH', async () => {
    for (const relay of fixture.network.relays) relay.listed = relay.nickname.startsWith('guard')
    expect(await codeOf(fixture.open())).to.equal('NO_PATH')
  })

  describe('is renewed', () => {
    it('in time, beside everything else, and never taken back to an older one', async () => {
      const tor = await fixture.open()
      fixture.network.directory.requests.length = 0
      for (let quarter = 0; quarter < 4 * 24; quarter++) {
        fixture.clock.advance(HOUR / 4)
        await fixture.quiet()
      }
      await fixture.quiet()
      const renewals = fixture.requests['consensus'] ?? 0
      expect(renewals).to.be.within(9, 24)
      expect(tor.status).to.deep.equal({ phase: 'ready', percent: 100, message: 'Ready', warnings: [] })
      await fixture.passing(tor.connect('example.com:80').opened)
      // Now everybody serves an older one, which holds still.
      const now = fixture.clock.now()
      fixture.network.directory.lie = { consensusAt: now - 2 * HOUR }
      const kept = await fixture.storage.read('consensus')
      fixture.clock.advance(2 * HOUR)
      await fixture.quiet()
      expect(await fixture.storage.read('consensus')).to.deep.equal(kept)
      await fixture.passing(tor.connect('example.com:80').opened)
    })

    it('from guards, not from whoever else may be asked', async () => {
      await fixture.open()
      fixture.network.directory.requests.length = 0
      for (let hours = 0; hours < 12; hours++) {
        fixture.clock.advance(HOUR)
        await fixture.quiet()
      }
      const asked = fixture.network.directory.requests.map(({ relay: { nickname } }) => nickname)
      expect(asked.length).to.be.above(2)
      for (const nickname of asked) expect(nickname).to.match(/^guard/)
    })

    it('at once by a client that begins with one whose time to be renewed has come', async () => {
      const first = await fixture.open()
      await fixture.passing(first.close())
      // Whatever moment is drawn, it is before the last minute of three hours.
      fixture.clock.sleep(3 * HOUR - MINUTE - (fixture.clock.now() % HOUR))
      fixture.network.directory.requests.length = 0
      await fixture.open()
      const begun = fixture.clock.now()
      while (fixture.requests['consensus'] === undefined && fixture.clock.now() - begun < 2 * MINUTE) {
        fixture.clock.advance(1000)
        await fixture.quiet()
      }
      expect(fixture.clock.now() - begun).to.be.at.most(1000)
    })

    it('without descriptions once no streams are expected, and not at all after a day, until there is one', async () => {
      const exits = fixture.network.relays.filter(({ nickname }) => nickname.startsWith('exit'))
      const policies = exits.map(({ listing }) => listing.exitPolicy)
      const describe = (policyOf: (index: number) => string): void => {
        for (const [index, { listing }] of exits.entries())
          (listing as { exitPolicy: string }).exitPolicy = policyOf(index)
      }
      const tor = await fixture.open()
      fixture.clock.advance(HOUR)
      await fixture.quiet()
      const kinds: string[][] = []
      for (let day = 0; day < 3; day++) {
        fixture.network.directory.requests.length = 0
        for (let hour = 0; hour < 24; hour++) {
          // Each hour's consensus has new descriptions.
          describe(() => `accept 80,443,${1000 + 24 * day + hour}`)
          fixture.clock.advance(HOUR)
          await fixture.quiet()
        }
        kinds.push(Object.keys(fixture.requests))
      }
      expect(kinds).to.deep.equal([['consensus'], [], []])
      await fixture.passing(tor.connect('example.com:80').opened)
      expect(Object.keys(fixture.requests)).to.include.members(['consensus', 'microdescriptors'])
      describe((index) => policies[index] as string)
    })

    it('by one request a minute where servers do not have it, as a tor client does', async () => {
      await fixture.open()
      for (const relay of fixture.network.relays) relay.lie = 'not-found'
      fixture.network.directory.requests.length = 0
      const perMinute: number[] = []
      // Until it is stale: then it is told, and what there may be is wanted.
      const left = 3 * HOUR - (fixture.clock.now() % HOUR)
      for (let minute = 2; minute < left / MINUTE; minute++) {
        const before = fixture.network.directory.requests.length
        fixture.clock.advance(MINUTE)
        await fixture.quiet()
        perMinute.push(fixture.network.directory.requests.length - before)
      }
      expect(Math.max(...perMinute)).to.equal(1)
      expect(perMinute.filter((count) => count > 0).length).to.be.at.least(2)
    })

    it('after the clock has jumped by eight hours, and the next connect works meanwhile', async () => {
      const tor = await fixture.open()
      fixture.network.directory.requests.length = 0
      fixture.clock.advance(8 * HOUR)
      await fixture.passing(tor.connect('example.com:80').opened)
      await fixture.quiet()
      expect(fixture.requests['consensus']).to.be.at.least(1)
      expect(tor.status.warnings).to.deep.equal([])
    })

    it('before the next connect after the clock has jumped by days', async () => {
      const tor = await fixture.open()
      for (const relay of fixture.network.relays) relay.reachable = 'no'
      for (const relay of fixture.network.relays) for (const link of relay.links) link.die()
      fixture.clock.advance(72 * HOUR)
      await fixture.quiet()
      const failed = (await rejection(fixture.passing(tor.connect('example.com:80').opened))) as TorError
      expect(failed.code).to.equal('DIRECTORY_UNAVAILABLE')
      for (const relay of fixture.network.relays) relay.reachable = 'yes'
      await fixture.passing(tor.connect('example.com:80').opened)
      expect(tor.status.phase).to.equal('ready')
    })

    it('no more than once a minute while there is no newer one, with a warning once it is stale', async () => {
      const at = fixture.clock.now()
      const tor = await fixture.open()
      fixture.network.directory.lie = { consensusAt: at }
      fixture.network.directory.requests.length = 0
      for (let minutes = 0; minutes < 5 * 60; minutes++) {
        fixture.clock.advance(MINUTE)
        await fixture.quiet()
      }
      await fixture.quiet()
      expect(fixture.requests['consensus'] ?? 0).to.be.within(2, 5 * 60 * 2)
      await fixture.passing(tor.connect('example.com:80').opened)
      expect(tor.status.warnings.join()).to.match(/stopped being valid/)
      fixture.network.directory.lie = undefined
      // The next server of a round is asked two or three minutes after the one before, at the latest.
      for (let minutes = 0; minutes < 5; minutes++) {
        fixture.clock.advance(MINUTE)
        await fixture.quiet()
      }
      await fixture.passing(tor.connect('example.com:80').opened)
      expect(tor.status.warnings).to.deep.equal([])
    })

    it('with pauses of ten seconds where nobody has one that holds, however many streams want it', async () => {
      const at = fixture.clock.now()
      const tor = await fixture.open()
      fixture.network.directory.lie = { consensusAt: at }
      fixture.clock.sleep(72 * HOUR)
      fixture.network.directory.requests.length = 0
      const begun = fixture.clock.now()
      for (let streams = 0; streams < 10; streams++)
        expect(await codeOf(fixture.passing(tor.connect('example.com:80').opened))).to.equal('DIRECTORY_EXPIRED')
      // At most six servers a round.
      const rounds = 1 + Math.floor((fixture.clock.now() - begun) / 10_000)
      expect(fixture.requests['consensus']).to.be.within(rounds, 6 * rounds)
      fixture.network.directory.lie = undefined
      await fixture.passing(tor.connect('example.com:80').opened)
    })

    it('for all that wait for it, also when the first of them gives up', async () => {
      const tor = await fixture.open()
      fixture.clock.advance(72 * HOUR)
      const abort = new AbortController()
      const first = tor.connect('example.com:80', { signal: abort.signal })
      const second = tor.connect('example.com:80')
      await turn()
      abort.abort()
      expect(await codeOf(first.opened)).to.equal('ABORTED')
      await fixture.passing(second.opened)
    })
  })

  it('of a client whose clock is wrong comes with a warning, or a refusal', async () => {
    const { clock } = fixture
    const skewed = (by: number): Promise<TorClient> =>
      fixture.open({ clock: { now: () => clock.now() + by, after: (delay, callback) => clock.after(delay, callback) } })
    const told: ClientStatus[] = []
    const tor = await skewed(20 * HOUR)
    told.push(tor.status)
    expect(tor.status.warnings.join()).to.match(/the clock may be wrong/)
    const early = await skewed(-20 * HOUR)
    expect(early.status.warnings.join()).to.match(/valid only .* from now/)
    await fixture.storage.remove('consensus')
    expect(await codeOf(skewed(50 * HOUR))).to.equal('DIRECTORY_EXPIRED')
    await fixture.storage.remove('consensus')
    expect(await codeOf(skewed(-50 * HOUR))).to.equal('DIRECTORY_FUTURE')
  })

  it('is asked for as a directory client does, and of nobody twice', async () => {
    await fixture.open()
    const { requests } = fixture.network.directory
    for (const { method, headers, kind, path } of requests) {
      expect(method).to.equal('GET')
      expect([...headers.keys()]).to.deep.equal(['host', 'accept-encoding'])
      expect(headers.get('host')).to.match(/^[\d.]+:\d+$/)
      expect(headers.get('accept-encoding')).to.equal('deflate, gzip, identity')
      expect(path.endsWith('.z')).to.equal(kind !== 'certificates')
    }
    const identities = fixture.network.config.authorities.map(({ v3Identity }) => v3Identity)
    const pathOf = (wanted: DirectoryRequest['kind']): string | undefined =>
      requests.find(({ kind }) => kind === wanted)?.path
    const prefixes = identities.map((identity) => identity.slice(0, 6)).sort()
    expect(pathOf('consensus')).to.equal(`/tor/status-vote/current/consensus-microdesc/${prefixes.join('+')}.z`)
    expect(pathOf('certificates')).to.equal(`/tor/keys/fp/${identities.join('+')}`)
    expect(new Set(requests.map(({ path }) => path)).size).to.equal(requests.length)
  })
})
