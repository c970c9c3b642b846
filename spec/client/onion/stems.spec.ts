import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import type { Circuit } from '../../../lib/circuit/circuit.ts'
import { PredictedPorts } from '../../../lib/client/circuits/prediction/predicted-ports.ts'
import { Stems, type BegunStem } from '../../../lib/client/onion/stems.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { ClientFixture, exchange } from '../support/client-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A circuit as stems see it. */
class FakeStem implements BegunStem {
  readonly seen = {}
  readonly relays: readonly DirectoryRelay[]
  readonly over: Deferred<void> = deferred()
  readonly built: Deferred<void> = deferred()
  readonly ready: Promise<void> = this.built.promise
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
  let begun: { readonly signal: AbortSignal; readonly isBegun: Deferred<BegunStem> }[]
  let stems: Stems
  let changes: string[]
  let predicted: PredictedPorts

  beforeEach(() => {
    clock = new FakeClock()
    closing = new AbortController()
    begun = []
    changes = []
    predicted = new PredictedPorts({
      param: (_, usual) => usual,
      now: () => clock.now(),
      random: (limit) => limit >> 1,
      isReduced: false,
    })
    stems = new Stems({
      begin: (signal) => {
        const isBegun = deferred<BegunStem>()
        begun.push({ signal, isBegun })
        return isBegun.promise
      },
      predicted,
      idleTime: () => 3 * MINUTE,
      clock,
      closing: closing.signal,
      changed: () => void changes.push('changed'),
      failed: () => void changes.push('failed'),
    })
  })
  afterEach(() => {
    closing.abort()
    expect(clock.timers).to.equal(0)
  })

  /** One that is being built. */
  async function begin(name = ''): Promise<FakeStem> {
    const stem = new FakeStem(['guard', `second${name}`, `third${name}`])
    const building = stems.build()
    begun.at(-1)?.isBegun.resolve(stem)
    await building
    return stem
  }

  /** One that is ready. */
  async function make(name = ''): Promise<FakeStem> {
    const stem = await begin(name)
    stem.built.resolve()
    await turn(2)
    return stem
  }

  it('are expected at first, and for some time after each use', () => {
    expect(stems.areExpected).to.equal(true)
    clock.advance(44 * MINUTE)
    expect(stems.areExpected).to.equal(true)
    clock.advance(2 * MINUTE)
    expect(stems.areExpected).to.equal(false)
    stems.take()
    clock.advance(44 * MINUTE)
    expect(stems.areExpected).to.equal(true)
    predicted.usedOnions()
    clock.advance(44 * MINUTE)
    expect(stems.areExpected).to.equal(true)
    clock.advance(2 * MINUTE)
    expect(stems.areExpected).to.equal(false)
  })

  it('are expected as long as the client has a service, and for some time after it', async () => {
    clock.advance(HOUR)
    const over = deferred<void>()
    stems.serving(over.promise)
    expect(changes).to.deep.equal(['changed'])
    for (let hour = 0; hour < 5; hour++) {
      expect(stems.areExpected).to.equal(true)
      clock.advance(HOUR)
    }
    expect(stems.areExpected).to.equal(true)
    over.resolve()
    await turn(2)
    clock.advance(44 * MINUTE)
    expect(stems.areExpected).to.equal(true)
    clock.advance(2 * MINUTE)
    expect(stems.areExpected).to.equal(false)
  })

  it('count while they are being built, and are used once each when they are', async () => {
    const coming = await begin('1')
    expect([stems.size, stems.take()]).to.deep.equal([1, undefined])
    expect(begun, 'one is coming').to.have.length(1)
    coming.built.resolve()
    await turn(2)
    const other = await make('2')
    expect(stems.size).to.equal(2)
    expect([stems.take(), stems.take()]).to.deep.equal([coming, other])
    expect([coming.closes, other.closes, stems.size]).to.deep.equal([0, 0, 0])
  })

  it('are begun at once by who finds none at all', () => {
    expect(stems.take()).to.equal(undefined)
    expect(stems.take()).to.equal(undefined)
    expect(begun).to.have.length(1)
    expect(changes).to.deep.equal(['changed', 'changed'])
  })

  it('are not extended to a relay that is on them, other than the guard', async () => {
    const [first, second, third] = [await make('0'), await make('1'), await make('2')]
    expect(stems.take('second0')).to.equal(second)
    expect(stems.take('third0')).to.equal(third)
    expect(stems.take('third0')).to.equal(undefined)
    expect(stems.take('guard')).to.equal(first)
  })

  it('are closed when nobody needed them in time, counted from their beginning, and not while they are built', async () => {
    const [slow, quick] = [await begin('1'), await make('2')]
    clock.advance(3 * MINUTE)
    stems.sweep()
    expect([quick.closes, stems.size]).to.deep.equal([0, 2])
    clock.advance(1)
    stems.sweep()
    expect([quick.closes, slow.closes, stems.size]).to.deep.equal([1, 0, 1])
    slow.built.resolve()
    await turn(2)
    stems.sweep()
    expect([slow.closes, stems.size]).to.deep.equal([1, 0])
  })

  it('tell when they die, when they are ready, and when they could not be built', async () => {
    const dead = await make()
    expect(changes.splice(0)).to.deep.equal(['changed'])
    dead.over.resolve()
    await turn(2)
    expect([stems.size, ...changes.splice(0)]).to.deep.equal([0, 'changed'])
    const failing = await begin()
    failing.built.reject(new Error('no way'))
    await turn(2)
    expect([stems.size, ...changes]).to.deep.equal([0, 'failed'])
  })

  it('are not expected for a while when none can even be begun, and longer when that goes on', async () => {
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 32_000, MINUTE, MINUTE]) {
      expect([stems.areExpected, ...changes.splice(0)]).to.deep.equal([true])
      const building = stems.build()
      begun.at(-1)?.isBegun.reject(new Error('no relays'))
      await building
      clock.advance(wait - 1)
      expect([stems.areExpected, stems.size, ...changes]).to.deep.equal([false, 0])
      clock.advance(1)
      expect(changes.splice(0)).to.deep.equal(['changed'])
    }
    await begin()
    const building = stems.build()
    begun.at(-1)?.isBegun.reject(new Error('no relays'))
    await building
    clock.advance(1000)
    expect(stems.areExpected).to.equal(true)
  })

  for (const how of ['forgotten', 'closed with the client'] as const) {
    it(`are closed when they are ${how}, also those that are being built`, async () => {
      const [taken, ready, coming] = [await make('1'), await make('2'), await begin('3')]
      const late = stems.build()
      expect(stems.take()).to.equal(taken)
      if (how === 'forgotten') stems.forget()
      else closing.abort()
      expect(begun.map(({ signal }) => signal.aborted)).to.deep.equal([true, true, true, true])
      expect([stems.size, stems.areExpected]).to.deep.equal([0, how === 'forgotten'])
      coming.built.resolve()
      begun[3]?.isBegun.reject(new Error('aborted'))
      await late
      await turn(2)
      // The one that was taken is somebody's.
      expect([taken.closes, ready.closes, coming.closes, stems.size]).to.deep.equal([0, 1, 1, 0])
      expect(changes).to.not.include('failed')
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

    const seconds = async (count: number): Promise<void> => {
      for (let second = 0; second < count; second++) {
        fixture.clock.advance(1000)
        await fixture.quiet()
      }
    }
    const unused = (tor: TorClient): unknown[] =>
      tor.circuits.filter(({ purpose, streams }) => purpose === 'onion' && streams.length === 0).map(({ id }) => id)

    it('are three before it has to do with any, begun one a second behind those for streams, and do not keep it from closing', async () => {
      const tor = await fixture.open()
      const counts: number[] = []
      for (let second = 0; second < 6; second++) {
        counts.push(unused(tor).length)
        await seconds(1)
      }
      expect(counts).to.deep.equal([0, 0, 1, 2, 3, 3])
    })

    it('are gone with the identity that used some, and others take their place', async () => {
      const tor = await fixture.open()
      const onion = fixture.network.onionService()
      await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
      await seconds(8)
      const before = unused(tor)
      expect(before).to.have.length(3)
      tor.newIdentity()
      await fixture.quiet()
      expect(unused(tor)).to.deep.equal([])
      await seconds(6)
      expect(unused(tor)).to.have.length(3).and.not.include.members(before)
    })
  })
})
