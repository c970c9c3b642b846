import { expect } from 'chai'
import type { ClientPhase } from '../../lib/client/bootstrap/status.ts'
import { parseGuardState, type GuardRecord } from '../../lib/client/guards/guard-state.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { deferred } from '../../lib/base/waiting/deferred.ts'
import type { MemoryStorage, Storage } from '../../lib/platform/storage/storage.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { codeOf, rejection } from '../stream/support/stream-fixture.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture } from './support/client-fixture.ts'
import { FaultyStorage } from './support/faulty-storage.ts'

const NAMES = ['consensus', 'certificates', 'microdescriptors', 'guards'] as const
type Name = (typeof NAMES)[number]

const HOUR = 3_600_000

const broken = (): Promise<never> => Promise.reject(Object.assign(new Error('/home/me/secret'), { code: 'EIO' }))
const hanging = (): Promise<never> => new Promise(() => undefined)

describe('TorClient: storage that fails', function () {
  let fixture: ClientFixture

  before(async () => {
    fixture = await ClientFixture.start()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** Runs a client once, with a stream over it; gives the warnings that it had then. */
  async function run(storage: Storage): Promise<readonly string[]> {
    const tor = await fixture.open({ storage })
    await fixture.passing(tor.connect('example.com:80').opened)
    await fixture.quiet()
    const { warnings } = tor.status
    await fixture.passing(tor.close())
    return warnings
  }

  async function contents(): Promise<Record<Name, string | undefined>> {
    const entries = await Promise.all(
      NAMES.map(async (name) => {
        const bytes = await fixture.storage.read(name)
        return [name, bytes && new TextDecoder().decode(bytes)] as const
      }),
    )
    return Object.fromEntries(entries) as Record<Name, string | undefined>
  }

  const guardsIn = async (storage: MemoryStorage): Promise<readonly GuardRecord[]> =>
    parseGuardState(new TextDecoder().decode(await storage.read('guards'))) ?? expect.fail('there are no guards')

  /** Fails unless these guards are kept as they were; one that was not confirmed may be by now. */
  async function expectKept(before: readonly GuardRecord[]): Promise<void> {
    const kept = await guardsIn(fixture.storage)
    for (const record of before) {
      const now = kept.find(({ fingerprint }) => fingerprint === record.fingerprint)
      expect({ ...now, confirmedAt: record.confirmedAt }).to.deep.equal(record)
      if (record.confirmedAt !== undefined) expect(now?.confirmedAt).to.equal(record.confirmedAt)
    }
  }

  for (const [how, fault] of [
    ['fails', broken],
    ['does not answer', hanging],
  ] as const) {
    it(`loses no guard by a read that ${how}, for one run or for good`, async () => {
      await run(fixture.storage)
      const before = await guardsIn(fixture.storage)
      const storage = new FaultyStorage(fixture.storage)
      let faults = 1
      storage.before = (act, name) => (act === 'read' && name === 'guards' && faults-- > 0 ? fault() : undefined)
      await run(storage)
      await expectKept(before)
      storage.before = (_, name) => (name === 'guards' ? fault() : undefined)
      expect((await run(storage)).join()).to.match(/^Storage cannot be read \(guards\): [^/]*$/)
      await expectKept(before)
    })

    it(`writes over nothing that it could not read, when every read ${how}`, async () => {
      await run(fixture.storage)
      const before = await contents()
      const storage = new FaultyStorage(fixture.storage)
      storage.before = (act) => (act === 'read' ? fault() : undefined)
      const reason = fault === broken ? 'it failed with EIO' : 'no answer in time'
      expect(await run(storage)).to.deep.equal([
        'Storage cannot be read (consensus, certificates, microdescriptors, guards, build-times): ' +
          `${reason}. What is in it stays as it is, and the client goes on without`,
      ])
      expect(await contents()).to.deep.equal(before)
    })
  }

  it('says so when nothing can be written, and goes on in memory', async () => {
    const storage = new FaultyStorage(fixture.storage)
    storage.before = (act) => (act === 'read' ? undefined : broken())
    expect(await run(storage)).to.deep.equal([
      'Storage cannot be written (consensus, certificates, microdescriptors, guards): ' +
        'it failed with EIO. The client keeps this in memory only',
    ])
    storage.before = () => undefined
    expect(await run(storage)).to.deep.equal([])
  })

  for (const [what, given] of [
    ['null', null],
    ['text', 'network-status-version 3 microdesc\n'],
    ['numbers', [1, 2, 3]],
    ['a buffer', new ArrayBuffer(3)],
  ] as const) {
    it(`takes ${what} in place of bytes for a failure, not for nothing`, async () => {
      await run(fixture.storage)
      const before = await contents()
      const storage = new FaultyStorage(fixture.storage)
      storage.given = () => given
      expect((await run(storage)).join()).to.match(/^Storage cannot be read \(consensus, certificates, .*TypeError/)
      expect(await contents()).to.deep.equal(before)
    })
  }

  for (const name of NAMES) {
    it(`keeps a copy of what is damaged, and says so: ${name}`, async () => {
      await run(fixture.storage)
      const damaged = new Uint8Array([0x61, 0xff, 0x62])
      await fixture.storage.write(name, damaged)
      const warning =
        `Storage was damaged or is of another network (${name}): ` +
        `what was there is kept as ${name}-damaged, and is replaced`
      expect(await run(fixture.storage)).to.deep.equal([warning])
      expect(await fixture.storage.read(`${name}-damaged`)).to.deep.equal(damaged)
      expect(await run(fixture.storage)).to.deep.equal([])
    })
  }

  it('replaces nothing that is damaged while it cannot keep a copy', async () => {
    await run(fixture.storage)
    const damaged = new Uint8Array([0x61, 0xff, 0x62])
    await fixture.storage.write('guards', damaged)
    const storage = new FaultyStorage(fixture.storage)
    storage.before = (_, name) => (name === 'guards-damaged' ? broken() : undefined)
    expect((await run(storage)).join()).to.match(/^Storage cannot be written \(guards\): it failed with EIO/)
    expect(await fixture.storage.read('guards')).to.deep.equal(damaged)
  })

  it('says nothing of a consensus that is merely old, and keeps no copy of it', async () => {
    await run(fixture.storage)
    const before = await contents()
    fixture.clock.advance(72 * HOUR)
    expect(await run(fixture.storage)).to.deep.equal([])
    expect((await contents()).consensus).to.not.equal(before.consensus)
    expect(await fixture.storage.read('consensus-damaged')).to.equal(undefined)
  })

  it('trusts a kept consensus no less because its certificates could not be read', async () => {
    await run(fixture.storage)
    const before = await contents()
    const storage = new FaultyStorage(fixture.storage)
    storage.before = (act, name) => (act === 'read' && name === 'certificates' ? broken() : undefined)
    const abort = new AbortController()
    const opening = TorClient.open({
      ...fixture.options,
      storage,
      signal: abort.signal,
      onProgress: ({ phase }) => (phase === 'consensus' ? abort.abort() : undefined),
    })
    expect(await codeOf(opening)).to.equal('ABORTED')
    expect(await contents()).to.deep.equal(before)
    expect(await fixture.storage.read('consensus-damaged')).to.equal(undefined)
  })

  it('loses no guard that another client has confirmed meanwhile', async () => {
    const [one, two, three] = fixture.network.relays
    if (!one || !two || !three) throw new Error('there are no such relays')
    // With the directory there, the other is open before the slow read is given up.
    await run(fixture.storage)
    await fixture.storage.remove('guards')
    const gate = deferred<undefined>()
    const slow = new FaultyStorage(fixture.storage)
    slow.before = (act, name) => (act === 'read' && name === 'consensus' ? gate.promise : undefined)
    const opening = TorClient.open({ ...fixture.options, storage: slow })
    await turn(5)
    one.reachable = three.reachable = 'no'
    const other = await fixture.open()
    await fixture.passing(other.close())
    one.reachable = 'yes'
    two.reachable = 'no'
    gate.resolve(undefined)
    const tor = await fixture.passing(opening)
    await fixture.passing(tor.close())
    const confirmed = (await guardsIn(fixture.storage)).filter(({ confirmedAt }) => confirmedAt !== undefined)
    expect(confirmed.map(({ fingerprint }) => fingerprint)).to.include.members(
      [one, two].map(({ description }) => encodeHex(description.rsaIdentity)),
    )
  })

  const phases: readonly ClientPhase[] = ['connecting', 'consensus', 'certificates', 'microdescriptors', 'circuit']
  for (const phase of phases) {
    for (const slow of phase === 'microdescriptors' ? [...NAMES, 'everything'] : ['everything']) {
      it(`loses nothing of what is kept when opening is given up in the phase ${phase} and ${slow} is slow`, async () => {
        await run(fixture.storage)
        const before = await contents()
        const guards = await guardsIn(fixture.storage)
        fixture.clock.advance(72 * HOUR) // so that there is something to do in every phase
        const storage = new FaultyStorage(fixture.storage)
        const gate = deferred<undefined>()
        storage.before = (act, name) =>
          act === 'read' && [name, 'everything'].includes(slow) ? gate.promise : undefined
        const abort = new AbortController()
        const opening = TorClient.open({
          ...fixture.options,
          storage,
          signal: abort.signal,
          onProgress: (status) => (status.phase === phase ? abort.abort() : undefined),
        })
        expect(await rejection(fixture.passing(opening))).to.include({ code: 'ABORTED' })
        gate.resolve(undefined)
        await turn(20)
        const after = await contents()
        for (const name of NAMES) expect(after[name]?.length, name).to.be.at.least(before[name]?.length ?? 0)
        await expectKept(guards)
      })
    }
  }
})
