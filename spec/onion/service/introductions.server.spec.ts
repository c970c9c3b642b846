import { expect } from 'chai'
import fc from 'fast-check'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { introduceHeader } from '../../../lib/cell/onion/introduce.ts'
import type { IntroducePlain } from '../../../lib/cell/onion/introduce-plain.ts'
import { startHsNtor } from '../../../lib/circuit/handshake/hs-ntor.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import type { OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import type { IntroPoint } from '../../../lib/onion/descriptor/intro-point.ts'
import { MAX_ANSWERED, MAX_WAITING } from '../../../lib/onion/service/introduction/introduction-queue.ts'
import type { OnionService } from '../../../lib/onion/service/onion-service.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { seed } from '../../support/seed.ts'
import { ServiceFixture } from '../support/service-fixture.ts'

const platform = currentPlatform()

/** How many messages are changed. */
const MUTATIONS = 300

// Not in browsers: what came of a message is looked at when this thread rests, and there WebCrypto works in others.
describe('Introductions at an onion service', function () {
  let fixture: ServiceFixture
  let service: OnionService
  let descriptor: OnionDescriptor
  let other: OnionDescriptor
  let point: IntroPoint

  before(async () => {
    fixture = await ServiceFixture.start()
    service = await fixture.serve()
    await fixture.settled()
    ;[descriptor, other] = (await fixture.descriptors(service)) as [OnionDescriptor, OnionDescriptor]
    point = descriptor.introPoints[0] as IntroPoint
  })
  after(async () => {
    await service?.close()
    await fixture.settled()
    expect(fixture.clock.timers).to.equal(0)
    await fixture.end()
  })

  /** How many circuits were asked for, and answers given, since. */
  async function since(what: () => Promise<void> | void): Promise<{ circuits: number; answers: number }> {
    const [circuits, answers] = [fixture.circuitsAsked, fixture.rendezvous.length]
    await what()
    await fixture.settled()
    return { circuits: fixture.circuitsAsked - circuits, answers: fixture.rendezvous.length - answers }
  }

  const NOTHING = { circuits: 0, answers: 0 }

  it('are answered where the client waits, by a service that proves who it is', async () => {
    const { body, cookie, handshake } = await fixture.introduction(descriptor, point)
    expect(await since(() => fixture.introduce(point, body))).to.deep.equal({ circuits: 1, answers: 1 })
    const answer = fixture.rendezvous.at(-1)
    expect(answer?.cookie).to.deep.equal(cookie)
    expect(await handshake.finish(answer?.reply as Uint8Array)).to.have.length(128)
    expect(service.status.visitors).to.equal(1)
  })

  it('are answered for either period', async () => {
    const [there] = other.introPoints as [IntroPoint]
    const { body, handshake } = await fixture.introduction(other, there)
    expect(await since(() => fixture.introduce(there, body))).to.deep.equal({ circuits: 1, answers: 1 })
    expect(await handshake.finish(fixture.rendezvous.at(-1)?.reply as Uint8Array)).to.have.length(128)
  })

  it('are answered once, however often and wherever the same message comes', async () => {
    const { body } = await fixture.introduction(descriptor, point)
    const twice = await since(() => {
      fixture.introduce(point, body)
      fixture.introduce(point, body)
    })
    expect(twice).to.deep.equal({ circuits: 1, answers: 1 })
    expect(await since(() => fixture.introduce(point, body))).to.deep.equal(NOTHING)
    expect(await since(() => fixture.introduce(descriptor.introPoints[1] as IntroPoint, body))).to.deep.equal(NOTHING)
  })

  it('are answered once for a cookie, though the message is another', async () => {
    const first = await fixture.introduction(descriptor, point)
    const again = await fixture.introduction(descriptor, point, { cookie: first.cookie })
    const elsewhere = descriptor.introPoints[1] as IntroPoint
    const there = await fixture.introduction(descriptor, elsewhere, { cookie: first.cookie })
    const came = await since(() => {
      fixture.introduce(point, first.body)
      fixture.introduce(point, again.body)
      fixture.introduce(elsewhere, there.body)
    })
    expect(came).to.deep.equal({ circuits: 1, answers: 1 })
  })

  it('with extensions that nobody knows are answered', async () => {
    const { body } = await fixture.introduction(descriptor, point, { extensions: new Map([[77, Uint8Array.of(1)]]) })
    expect(await since(() => fixture.introduce(point, body))).to.deep.equal({ circuits: 1, answers: 1 })
  })

  /** What a hostile client, or a hostile introduction point, may send. */
  const specifiers = (...bytes: readonly number[]): Partial<IntroducePlain> => ({
    linkSpecifiers: Uint8Array.from(bytes),
  })
  const rsa = [2, 20, ...new Uint8Array(20).fill(7)]
  const plains: Record<string, Partial<IntroducePlain>> = {
    'asks for congestion control, which is not offered': { extensions: new Map([[1, new Uint8Array(0)]]) },
    'names no relay': specifiers(0),
    'names a relay without an address': specifiers(1, ...rsa),
    'names a relay without an identity': specifiers(1, 0, 6, 9, 9, 9, 9, 1, 1),
    'names a relay at an internal address': specifiers(2, 0, 6, 127, 0, 0, 1, 1, 1, ...rsa),
    'names a relay without a port': specifiers(2, 0, 6, 9, 9, 9, 9, 0, 0, ...rsa),
    'has an address of another length': specifiers(2, 0, 5, 9, 9, 9, 9, 0, ...rsa),
  }
  for (const [what, changed] of Object.entries(plains)) {
    it(`that ${what} are passed over`, async () => {
      const { body } = await fixture.introduction(descriptor, point, changed)
      expect(await since(() => fixture.introduce(point, body))).to.deep.equal(NOTHING)
    })
  }

  const bodies: Record<string, (body: Uint8Array) => Uint8Array> = {
    'are empty': () => new Uint8Array(0),
    'have a wrong MAC': (body) => body.map((byte, at) => (at === body.length - 1 ? byte ^ 1 : byte)),
    'were changed on the way': (body) => body.map((byte, at) => (at === 200 ? byte ^ 1 : byte)),
    'break off': (body) => body.subarray(0, 100),
    'have more behind them': (body) => new Uint8Array([...body, 0]),
    'are of the legacy kind': (body) => body.map((byte, at) => (at === 0 ? 1 : byte)),
    'are for another key': (body) => body.map((byte, at) => (at === 23 ? byte ^ 1 : byte)),
    'have a client key of small order': (body) => new Uint8Array(body).fill(0, 56, 88),
    'are noise': (body) => crypto.getRandomValues(new Uint8Array(body.length)),
  }
  for (const [what, change] of Object.entries(bodies)) {
    it(`that ${what} are passed over, and the introduction point stays`, async () => {
      const { body } = await fixture.introduction(descriptor, point)
      expect(await since(() => fixture.introduce(point, change(body)))).to.deep.equal(NOTHING)
      expect(service.status.introductionPoints).to.equal(6)
      // The message itself is still good: nothing of the bad one is remembered.
      expect(await since(() => fixture.introduce(point, body))).to.deep.equal({ circuits: 1, answers: 1 })
    })
  }

  it('for keys of another period, of another point or of another service are passed over', async () => {
    const wrongPeriod = { ...descriptor, identity: other.identity }
    const wrongPoint = { ...point, encryptionKey: (descriptor.introPoints[1] as IntroPoint).encryptionKey }
    const stranger = { ...descriptor, identity: { ...descriptor.identity, subcredential: new Uint8Array(32) } }
    for (const [of, at] of [
      [wrongPeriod, point],
      [descriptor, wrongPoint],
      [stranger, point],
    ] as const) {
      const { body } = await fixture.introduction(of, at)
      expect(await since(() => fixture.introduce(point, body))).to.deep.equal(NOTHING)
    }
  })

  it(`are passed over whatever ${MUTATIONS} changes of their bytes, lengths and plain texts make of them`, async () => {
    const { body } = await fixture.introduction(descriptor, point)
    const arbitrary = fc.record({
      at: fc.nat(body.length - 1),
      value: fc.integer({ min: 1, max: 255 }),
      length: fc.option(fc.nat(498), { nil: undefined }),
      plain: fc.uint8Array({ minLength: 0, maxLength: 366 }),
      ofPlain: fc.boolean(),
    })
    const samples = fc.sample(arbitrary, { numRuns: MUTATIONS, seed })
    const { subcredential } = descriptor.identity
    const made: Uint8Array[] = []
    for (const { at, value, length, plain, ofPlain } of samples) {
      if (ofPlain) {
        // With the right keys: the plain text alone is noise.
        const handshake = await startHsNtor({ ...point, subcredential }, platform)
        made.push(await handshake.introduce(introduceHeader(point.authKey), plain))
      } else {
        const changed = new Uint8Array(body)
        changed[at] = (changed[at] as number) ^ value
        made.push(length === undefined ? changed : changed.subarray(0, length))
      }
    }
    const came = await since(async () => {
      for (const [index, each] of made.entries()) {
        fixture.introduce(point, each)
        if (index % 50 === 49) await fixture.settled()
      }
    })
    expect(came).to.deep.equal(NOTHING)
    expect(service.status).to.include({ introductionPoints: 6, phase: 'published' })
  })

  it('to a rendezvous point that never answers end after 30 seconds', async () => {
    await fixture.pass(60_000)
    const timers = fixture.clock.awaited
    fixture.unreachable = () => new Promise<boolean>(() => undefined)
    const { body } = await fixture.introduction(descriptor, point)
    expect(await since(() => fixture.introduce(point, body))).to.deep.equal({ circuits: 1, answers: 0 })
    expect(fixture.clock.awaited).to.equal(timers + 1)
    await fixture.pass(30_000)
    expect(fixture.clock.awaited).to.equal(timers)
    fixture.unreachable = () => false
    const next = await fixture.introduction(descriptor, point)
    expect(await since(() => fixture.introduce(point, next.body))).to.deep.equal({ circuits: 1, answers: 1 })
  })

  it('in a flood are answered a bounded number at a time, and those that waited longest are dropped', async () => {
    const flood = 10_000
    let release: () => void = () => undefined
    const held = new Promise<boolean>((resolve) => (release = () => resolve(true)))
    fixture.unreachable = () => held
    // One good message of each kind costs the flooder a handshake; noise costs the service one.
    const good = await Promise.all(
      Array.from({ length: 1000 }, async () => (await fixture.introduction(descriptor, point)).body),
    )
    const asked = fixture.circuitsAsked
    const circuit = fixture.introCircuits.get(encodeHex(point.authKey))?.at(-1)
    for (let sent = 0; sent < flood; sent++) {
      circuit?.send({ command: RelayCommand.INTRODUCE2, body: good[sent % good.length] as Uint8Array })
      if (sent % 500 === 499) await fixture.settled()
    }
    await fixture.settled()
    expect(fixture.circuitsAsked - asked).to.equal(MAX_ANSWERED)
    release()
    await fixture.settled()
    expect(fixture.circuitsAsked - asked).to.be.at.most(MAX_ANSWERED + MAX_WAITING)
    fixture.unreachable = () => false
    const { body } = await fixture.introduction(descriptor, point)
    expect(await since(() => fixture.introduce(point, body))).to.deep.equal({ circuits: 1, answers: 1 })
  })

  it('out of turn close their circuit, and another one is built', async () => {
    const circuits = fixture.introCircuits.get(encodeHex(point.authKey))
    circuits?.at(-1)?.send({ command: RelayCommand.INTRO_ESTABLISHED, body: Uint8Array.of(0) })
    await fixture.settled()
    expect(service.status.introductionPoints).to.equal(5)
    await fixture.pass(1000)
    expect(service.status.introductionPoints).to.equal(6)
  })
})
