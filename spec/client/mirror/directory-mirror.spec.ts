import { expect } from 'chai'
import { DirectoryMirror } from '../../../lib/client/mirror/directory-mirror.ts'
import { encodeSnapshot } from '../../../lib/directory/snapshot.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { ClientFixture } from '../support/client-fixture.ts'
import { answerOf } from '../support/snapshots.ts'

const HOUR = 3_600_000

describe('A directory without a client around it', function () {
  let fixture: ClientFixture
  let mirror: DirectoryMirror | undefined

  before(async () => {
    fixture = await ClientFixture.start()
  })
  afterEach(async () => {
    if (mirror !== undefined) await fixture.passing(mirror.close())
    mirror = undefined
    await fixture.tidy()
  })
  after(() => fixture.end())

  const opening = (storage = new MemoryStorage(), signal?: AbortSignal, timeout = 60_000): Promise<DirectoryMirror> => {
    const { network, clock } = fixture
    const { config, transport } = network
    return DirectoryMirror.open({ network: config, transport, storage, clock, timeout, signal })
  }
  const open = async (storage?: MemoryStorage): Promise<DirectoryMirror> =>
    (mirror = await fixture.passing(opening(storage)))

  it('knows the address and port of each relay, and no other', async () => {
    const it = await open()
    for (const { description } of fixture.network.relays)
      for (const { hostname, port } of description.addresses) {
        expect(it.has(hostname, port), hostname).to.equal(true)
        expect(it.has(hostname, port + 1), hostname).to.equal(false)
      }
    expect(it.has('127.0.0.1', 9001)).to.equal(false)
  })

  it('has a snapshot by which a client needs nobody else', async () => {
    const { snapshot } = await open()
    if (snapshot === undefined) throw new Error('there is none')
    fixture.network.directory.requests.length = 0
    const directoryFetch = (): Promise<Response> => Promise.resolve(answerOf(encodeSnapshot(snapshot)))
    const tor = await fixture.open({ directory: 'http://127.0.0.1/directory', directoryFetch })
    expect([fixture.requests, tor.status.warnings]).to.deep.equal([{}, []])
  })

  it('has it of what was kept too', async () => {
    const storage = new MemoryStorage()
    const { snapshot } = await open(storage)
    await mirror?.close()
    fixture.network.directory.requests.length = 0
    expect((await open(storage)).snapshot).to.deep.equal(snapshot)
    expect(fixture.requests).to.deep.equal({})
  })

  it('is renewed in time: relays that are new are known, relays that are gone are not', async () => {
    const relay = fixture.network.relays[0]
    if (relay === undefined) throw new Error('there is no relay')
    relay.listed = false
    const it = await open()
    const [{ hostname, port } = { hostname: '', port: 0 }] = relay.description.addresses
    const before = it.snapshot
    expect(it.has(hostname, port)).to.equal(false)
    relay.listed = true
    fixture.clock.advance(2 * HOUR)
    await fixture.quiet()
    expect(it.has(hostname, port)).to.equal(true)
    expect(it.snapshot).to.not.equal(before)
  })

  it('knows nobody any more once it no longer holds, until there is a new one', async () => {
    const it = await open()
    const [{ hostname, port } = { hostname: '', port: 0 }] = fixture.network.relays[0]?.description.addresses ?? []
    for (const relay of fixture.network.relays) {
      relay.reachable = 'no'
      for (const link of relay.links) link.die()
    }
    fixture.clock.advance(4 * HOUR)
    await fixture.quiet()
    expect([it.isLive, it.has(hostname, port)]).to.deep.equal([false, false])
    for (const relay of fixture.network.relays) relay.reachable = 'yes'
    fixture.clock.advance(60_000)
    await fixture.quiet()
    expect([it.isLive, it.has(hostname, port)]).to.deep.equal([true, true])
  })

  it('is not there where nobody has one that holds, and then nothing stays open', async () => {
    fixture.network.directory.lie = 'forged-signatures'
    expect(await rejection(fixture.passing(opening()))).to.include({ code: 'DIRECTORY_SIGNATURES' })
    await fixture.expectNothingOpen()
    fixture.network.directory.lie = 'hang'
    expect(await rejection(fixture.passing(opening(undefined, undefined, 15_000)))).to.include({ code: 'TIMEOUT' })
    await fixture.expectNothingOpen()
    expect(await rejection(fixture.passing(opening()))).to.include({ code: 'DIRECTORY_UNAVAILABLE' })
    await fixture.expectNothingOpen()
    const leaving = new AbortController()
    const given = rejection(opening(new MemoryStorage(), leaving.signal))
    leaving.abort()
    expect(await given).to.include({ code: 'ABORTED' })
    await fixture.expectNothingOpen()
  })
})
