import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/deferred.ts'
import type { Circuit } from '../../../lib/circuit/circuit.ts'
import { Stems, type Stem } from '../../../lib/client/onion/stems.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { ClientFixture, exchange } from '../support/client-fixture.ts'

const MINUTE = 60_000

/** A circuit as stems see it. */
class FakeStem implements Stem {
  readonly seen = {}
  readonly relays: readonly DirectoryRelay[]
  readonly over: Deferred<void> = deferred()
  readonly circuit: Circuit
  closes = 0

  constructor(fingerprints: readonly string[]) {
    this.relays = fingerprints.map((fingerprint) => ({ fingerprint }) as DirectoryRelay)
    const close = (): Promise<void> => {
      this.closes += 1
      this.over.resolve()
      return this.over.promise
    }
    this.circuit = { closed: this.over.promise, close } as unknown as Circuit
  }
}

describe('The circuits that are kept ready for onion services', () => {
  let clock: FakeClock
  let closing: AbortController
  let begun: { readonly at: number; readonly signal: AbortSignal; readonly built: Deferred<Stem> }[]
  let stems: Stems
  let start: number

  beforeEach(() => {
    clock = new FakeClock()
    closing = new AbortController()
    begun = []
    start = clock.now()
    const build = (signal: AbortSignal): Promise<Stem> => {
      const built = deferred<Stem>()
      begun.push({ at: clock.now() - start, signal, built })
      return built.promise
    }
    stems = new Stems({ build, clock, random: (limit) => limit >> 1, closing: closing.signal })
  })
  afterEach(() => {
    closing.abort()
    expect(clock.timers).to.equal(0)
  })

  /** Builds what is begun, until nothing more is begun for five seconds. Gives what was built. */
  async function filled(): Promise<FakeStem[]> {
    const made: FakeStem[] = []
    for (let quiet = 0; quiet < 5; quiet++) {
      for (const { built } of begun.splice(0)) {
        const stem = new FakeStem(['guard', `second${made.length}`, `third${made.length}`])
        made.push(stem)
        built.resolve(stem)
        quiet = 0
      }
      await turn(2)
      clock.advance(1000)
    }
    return made
  }

  it('are none before the first use, and three after it: one begun at once, then one each second', async () => {
    clock.advance(10 * MINUTE)
    expect(begun).to.have.length(0)
    start = clock.now()
    expect(stems.take()).to.equal(undefined)
    const times: number[] = []
    for (let round = 0; round < 6; round++) {
      times.push(...begun.map(({ at }) => at))
      for (const { built } of begun.splice(0)) built.resolve(new FakeStem(['a', 'b', 'c']))
      await turn(2)
      clock.advance(1000)
    }
    expect(times).to.deep.equal([0, 1000, 2000])
    expect(stems.size).to.equal(3)
  })

  it('are begun one each second also while those before take long, three at a time', async () => {
    stems.take()
    for (let second = 0; second < 10; second++) {
      await turn(2)
      clock.advance(1000)
    }
    expect(begun.map(({ at }) => at)).to.deep.equal([0, 1000, 2000])
    begun[1]?.built.reject(new Error('no way'))
    await turn(2)
    clock.advance(2000)
    expect(begun.map(({ at }) => at)).to.deep.equal([0, 1000, 2000, 12_000])
    for (const { built } of begun.splice(0)) built.resolve(new FakeStem(['a', 'b', 'c']))
    await turn(2)
    expect(stems.size).to.equal(3)
  })

  it('are used once each, and others take their place', async () => {
    stems.take()
    const made = await filled()
    expect(made).to.have.length(3)
    const taken = [stems.take(), stems.take(), stems.take(), stems.take()]
    expect(taken).to.have.members([...made, undefined])
    expect(await filled()).to.have.length(3)
    expect(made.map(({ closes }) => closes)).to.deep.equal([0, 0, 0])
  })

  it('are not extended to a relay that is on them, other than the guard', async () => {
    stems.take()
    const [first, second, third] = await filled()
    expect(stems.take('second0')).to.equal(second)
    expect(stems.take('third0')).to.equal(third)
    expect(stems.take('third0')).to.equal(undefined)
    expect(stems.take('guard')).to.equal(first)
  })

  it('are closed when nobody needs them for three quarters of an hour, and no more are built an hour after the last use', async () => {
    stems.take()
    const made = await filled()
    clock.advance(46 * MINUTE)
    expect(made.map(({ closes }) => closes)).to.deep.equal([1, 1, 1])
    const next = await filled()
    expect(next).to.have.length(3)
    clock.advance(46 * MINUTE)
    expect(next.map(({ closes }) => closes)).to.deep.equal([1, 1, 1])
    expect(await filled()).to.have.length(0)
    expect([stems.size, clock.timers]).to.deep.equal([0, 0])
    stems.take()
    expect(await filled()).to.have.length(3)
  })

  it('are replaced when they die', async () => {
    stems.take()
    const [dead] = await filled()
    dead?.over.resolve()
    await turn(2)
    expect(stems.size).to.equal(2)
    expect(await filled()).to.have.length(1)
    expect(stems.size).to.equal(3)
  })

  it('are tried less and less often while none can be built, and not for longer than an hour', async () => {
    stems.take()
    const times: number[] = []
    for (let second = 0; second < 2 * 3600; second++) {
      for (const { at, built } of begun.splice(0)) {
        times.push(at / 1000)
        built.reject(new Error('no way'))
        await turn(2)
      }
      clock.advance(1000)
    }
    expect(times.slice(0, 8)).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123])
    expect(times.length).to.be.at.most(70)
    expect(Math.max(...times)).to.be.at.most(3600 + 60)
  })

  for (const how of ['forgotten', 'closed with the client'] as const) {
    it(`are closed when they are ${how}, also the one that is being built`, async () => {
      stems.take()
      const made = await filled()
      stems.take()
      clock.advance(1000)
      const [coming] = begun
      if (how === 'forgotten') stems.forget()
      else closing.abort()
      expect(coming?.signal.aborted).to.equal(true)
      const late = new FakeStem(['a', 'b', 'c'])
      coming?.built.resolve(late)
      await turn(2)
      expect([stems.size, clock.timers, late.closes]).to.deep.equal([0, 0, 1])
      // The one that was taken is somebody's.
      expect(made.map(({ closes }) => closes)).to.deep.equal([0, 1, 1])
      expect(begun).to.have.length(1)
    })
  }

  describe('of a client', () => {
    let fixture: ClientFixture

    beforeEach(async () => {
      fixture = await ClientFixture.start({ relays: 8 })
    })
    afterEach(async () => {
      await fixture.tidy() // which fails unless nothing is left
      await fixture.end()
    })

    it('are all that it takes to meet another service, without a circuit that is begun for it', async () => {
      const tor = await fixture.open()
      const [one, other] = [fixture.network.onionService({ introductionPoints: 1 }), fixture.network.onionService()]
      await fixture.passing(tor.connect(`${one.hostname}:80`).opened)
      // Until each is there, and whatever relay is asked or introduces, one fits.
      for (let second = 0; second < 10; second++) {
        fixture.clock.advance(1000)
        await fixture.quiet()
      }
      const before = new Set(tor.circuits.map(({ id }) => id))
      const ready = tor.circuits.filter(({ purpose, path }) => purpose === 'onion' && path.length === 3)
      expect(ready).to.have.length.of.at.least(3)
      const socket = tor.connect(`${other.hostname}:80`)
      expect(await fixture.passing(exchange(socket, 'hello'))).to.equal('hello')
      const used = tor.circuits.find(({ streams }) => streams.length > 0)
      expect(before.has(used?.id as never)).to.equal(true)
    })

    it('are gone with its identity, and do not keep it from closing', async () => {
      const tor = await fixture.open()
      const onion = fixture.network.onionService()
      await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
      for (let second = 0; second < 5; second++) {
        fixture.clock.advance(1000)
        await fixture.quiet()
      }
      const unused = (): number =>
        tor.circuits.filter(({ purpose, streams }) => purpose === 'onion' && !streams.length).length
      expect(unused()).to.equal(3)
      tor.newIdentity()
      await fixture.quiet()
      expect(unused()).to.equal(0)
    })
  })
})
