import { expect } from 'chai'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { OnionClientKeyPair } from '../../../lib/onion/identity/client-key-pair.ts'
import { OnionKey } from '../../../lib/onion/identity/onion-key.ts'
import type { OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import type { OnionService } from '../../../lib/onion/service/onion-service.ts'
import type { OnionServiceStatus } from '../../../lib/onion/service/service-options.ts'
import { codeOf } from '../../support/failures.ts'
import { ServiceFixture } from '../support/service-fixture.ts'

const SECOND = 1000
const MINUTE = 60_000
const HOUR = 3_600_000

describe('An onion service', function () {
  let fixture: ServiceFixture
  let service: OnionService

  beforeEach(async () => {
    fixture = await ServiceFixture.start()
  })
  afterEach(async () => {
    await service?.close()
    await fixture.settled()
    expect(fixture.clock.timers).to.equal(0)
    await fixture.end()
  })

  async function serve(...options: Parameters<ServiceFixture['serve']>): Promise<void> {
    service = await fixture.serve(...options)
    await fixture.settled()
  }

  const keysOf = ({ introPoints }: OnionDescriptor): string[] => introPoints.map(({ authKey }) => encodeHex(authKey))

  it('is published in two periods, by introduction points of its own in each', async () => {
    const seen: OnionServiceStatus[] = []
    await serve({ onStatus: (status) => seen.push(status) })
    await service.published
    const [first, second] = (await fixture.descriptors(service)) as [OnionDescriptor, OnionDescriptor]
    expect(second.identity.period.number).to.equal(first.identity.period.number + 1)
    const keys = [...keysOf(first), ...keysOf(second)]
    expect([keys.length, new Set(keys).size]).to.deep.equal([6, 6])
    expect(service.status).to.deep.include({ phase: 'published', introductionPoints: 6, problem: undefined })
    expect(service.status.uploads).to.deep.equal({ ok: 16, failed: 0, of: 16 })
    expect(seen[0]?.phase).to.equal('starting')
    expect(seen.at(-1)).to.deep.equal(service.status)
  })

  it('has the address of its key, and takes the key in every form', async () => {
    const key = OnionKey.generate()
    await serve({ key: key.toTor().hs_ed25519_secret_key })
    expect([service.hostname, String(service.key)]).to.deep.equal([key.hostname, key.hostname])
  })

  it('is found by its clients alone when it names some', async () => {
    const pair = OnionClientKeyPair.generate()
    await serve({ clients: [pair.toAuth()] })
    expect(await fixture.descriptors(service, pair.secret)).to.have.length(2)
    expect(await fixture.descriptors(service)).to.have.length(0)
    expect(await fixture.descriptors(service, OnionClientKeyPair.generate().secret)).to.have.length(0)
  })

  it('publishes again within two hours though nothing has changed, in a newer revision', async () => {
    await serve()
    const [before] = await fixture.descriptors(service)
    const count = fixture.uploads.length
    await fixture.pass(HOUR - MINUTE)
    expect(fixture.uploads).to.have.length(count)
    await fixture.pass(HOUR + 2 * MINUTE)
    expect(fixture.uploads).to.have.length(2 * count)
    const [after] = await fixture.descriptors(service)
    expect(after && keysOf(after)).to.deep.equal(before && keysOf(before))
    expect(Number((after?.revision ?? 0n) - (before?.revision ?? 0n))).to.be.greaterThan(0)
  })

  it('asks a relay again that does not take its descriptor, and says how many did not', async () => {
    const stubborn = fixture.relays[0]?.fingerprint as string
    fixture.refuses = (fingerprint) => fingerprint === stubborn
    await serve()
    await fixture.pass(SECOND)
    await fixture.pass(5 * SECOND)
    expect(service.status.uploads).to.deep.equal({ ok: 14, failed: 2, of: 16 })
    expect(service.status.phase).to.equal('published')
    fixture.refuses = () => false
    await fixture.pass(2 * MINUTE)
    expect(service.status.uploads).to.deep.equal({ ok: 16, failed: 0, of: 16 })
  })

  it('is not published while no relay takes its descriptor, and says why', async () => {
    fixture.refuses = () => true
    await serve()
    for (let at = 0; at < 3; at++) await fixture.pass(6 * SECOND)
    expect(service.status).to.deep.include({ phase: 'starting', problem: 'the relay answered 400' })
    const published = codeOf(service.published)
    await service.close()
    expect(await published).to.equal('CIRCUIT_CLOSED')
  })

  it('builds a lost circuit to the same introduction point, with the same keys, and publishes nothing for it', async () => {
    await serve()
    const [first] = (await fixture.descriptors(service)) as [OnionDescriptor]
    const [name] = keysOf(first) as [string]
    const count = fixture.uploads.length
    fixture.introCircuits.get(name)?.at(-1)?.destroy(1)
    await fixture.settled()
    expect(service.status.introductionPoints).to.equal(5)
    await fixture.pass(SECOND)
    expect(fixture.introCircuits.get(name)).to.have.length(2)
    expect(service.status.introductionPoints).to.equal(6)
    await fixture.pass(MINUTE)
    expect(fixture.uploads).to.have.length(count)
  })

  it('takes another relay in place of one that loses it again and again, and publishes that', async () => {
    await serve()
    const [first] = (await fixture.descriptors(service)) as [OnionDescriptor]
    const [name] = keysOf(first) as [string]
    for (let loss = 1; loss <= 4; loss++) {
      fixture.introCircuits.get(name)?.at(-1)?.destroy(1)
      await fixture.settled()
      await fixture.pass(loss * SECOND)
    }
    await fixture.pass(15 * SECOND)
    const [after] = (await fixture.descriptors(service)) as [OnionDescriptor]
    expect(keysOf(after)).to.have.length(3)
    expect(keysOf(after)).to.not.include(name)
    expect(fixture.introCircuits.get(name)).to.have.length(4)
  })

  it('leaves a relay that is not listed any more', async () => {
    await serve()
    const [first] = (await fixture.descriptors(service)) as [OnionDescriptor]
    const gone = encodeHex(first.introPoints[0]?.target.rsaIdentity as Uint8Array)
    fixture.relays = fixture.relays.filter(({ rsaIdentity }) => encodeHex(rsaIdentity) !== gone)
    fixture.directoryChanged(0)
    await fixture.settled()
    await fixture.pass(30 * SECOND)
    for (const { introPoints } of await fixture.descriptors(service)) {
      expect(introPoints).to.have.length(3)
      expect(introPoints.map(({ target }) => encodeHex(target.rsaIdentity))).to.not.include(gone)
    }
  })

  it('has other introduction points within a day, and closes the old ones when the new ones are there', async () => {
    await serve()
    const before = (await fixture.descriptors(service)).flatMap(keysOf)
    for (let hours = 0; hours < 25; hours++) await fixture.pass(HOUR)
    await fixture.pass(MINUTE)
    const after = (await fixture.descriptors(service)).flatMap(keysOf)
    expect(after).to.have.length(6)
    expect(after.filter((key) => before.includes(key))).to.deep.equal([])
    expect(service.status.introductionPoints).to.equal(6)
    for (const key of before) expect(fixture.introCircuits.get(key)?.at(-1)?.closed).to.equal(true)
  })

  it('goes from one period to the next without a time at which it is not found', async () => {
    await serve()
    for (let hours = 0; hours < 48; hours++) {
      fixture.directoryChanged(HOUR)
      await fixture.pass(HOUR)
      expect(await fixture.descriptors(service), `after ${hours + 1} hours`).to.have.length(2)
      expect(service.status.phase).to.equal('published')
    }
  })

  it('builds no more circuits than a bound in five minutes when no relay keeps one', async () => {
    fixture.unreachable = () => true
    await serve()
    for (let seconds = 0; seconds < 290; seconds += 2) await fixture.pass(2 * SECOND)
    expect(fixture.circuitsAsked).to.equal(28)
    expect(service.status).to.deep.include({ phase: 'starting', problem: 'no circuit leads there' })
  })

  it('waits for an introduction point that is slow, and then publishes what there is', async () => {
    const slow = encodeHex(fixture.relays[0]?.rsaIdentity as Uint8Array)
    fixture.silent = (identity) => identity === slow
    await serve()
    expect(fixture.uploads).to.have.length(0)
    for (let seconds = 0; seconds < 14; seconds += 2) await fixture.pass(2 * SECOND)
    expect((await fixture.descriptors(service)).map(({ introPoints }) => introPoints.length)).to.deep.equal([2, 2])
    expect(service.status.phase).to.equal('published')
  })

  it('ends everything when it is closed, by whatever way', async () => {
    const end = new AbortController()
    await serve({ signal: end.signal })
    const reader = service.incoming.getReader()
    end.abort()
    await service.closed
    expect(await reader.read()).to.deep.equal({ done: true, value: undefined })
    expect(service.status.phase).to.equal('closed')
    await fixture.settled()
    for (const circuits of fixture.introCircuits.values())
      for (const circuit of circuits) expect(circuit.closed).to.equal(true)
    await service.close()
  })

  it('is closed by cancelling what comes in', async () => {
    await serve()
    await service.incoming.cancel()
    await service.closed
    expect(service.status.phase).to.equal('closed')
  })
})
