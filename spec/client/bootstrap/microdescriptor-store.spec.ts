import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import type { TorError } from '../../../lib/base/errors.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { MicrodescriptorStore } from '../../../lib/client/bootstrap/microdescriptor-store.ts'
import { decodeBase64, encodeBase64, encodeHex } from '../../../lib/directory/text/encoding.ts'
import { pauseForTasks } from '../../../lib/base/waiting/slices.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { FakeSource, type FakeServer } from '../support/fake-source.ts'
import { digestsOf } from '../support/withholding.ts'

const MINUTE = 60_000

/** What a server has, of what it is asked for; undefined when it has nothing. */
type Server = (digests: readonly string[], lane: number) => ReturnType<FakeServer>

describe('MicrodescriptorStore', () => {
  const signal = new AbortController().signal
  /** By digest. */
  const texts = new Map<string, string>()
  let digests: string[]
  let clock: FakeClock
  let source: FakeSource
  let store: MicrodescriptorStore

  before(async () => {
    const network = await TestNetwork.start({ relays: 6, authorities: 1 })
    for (const { digest, text } of network.directory.microdescriptors) texts.set(digest, text)
    digests = [...texts.keys()]
    await network.close()
  })

  beforeEach(() => {
    clock = new FakeClock()
    source = new FakeSource()
    serve(honest)
    store = newStore(true)
  })

  const newStore = (testing: boolean): MicrodescriptorStore =>
    new MicrodescriptorStore({
      clock,
      source,
      platform: currentPlatform(),
      kept: { useBytes: () => Promise.resolve(), keep: () => Promise.resolve(true) },
      network: { testing },
    })

  const serve = (...servers: readonly Server[]): void => {
    source.servers = servers.map((server) => (path, lane) => server(digestsOf({ path }), lane))
  }
  const textOf = (some: readonly string[]): string => some.map((digest) => texts.get(digest) ?? '').join('')
  const honest: Server = (some) => textOf(some)
  const without =
    (...leftOut: readonly string[]): Server =>
    (some) =>
      textOf(some.filter((digest) => !leftOut.includes(digest))) || undefined

  const search = (wanted: readonly string[] = digests): Promise<TorError | undefined> =>
    store.fetch(new Set(wanted), signal, { progress: () => undefined })
  const known = (): string[] => [...store.all.keys()].sort()

  it('asks the next server for what one left out, and for nothing else, also after a 404', async () => {
    const [a, b, c] = digests as [string, string, string]
    serve(without(a, b, c), without(...digests), without(a), honest)
    expect(await search()).to.equal(undefined)
    expect(known()).to.deep.equal([...digests].sort())
    expect(source.asked.map((each) => digestsOf(each).length)).to.deep.equal([digests.length, 3, 3, 1])
    // Whoever had something, the first too, has outdone those before.
    expect(source.outdoing).to.deep.equal([0, 2, 3])
  })

  it('takes each once, whatever order and number they come in, and none that was not asked for', async () => {
    const [stranger, ...wanted] = digests as [string, ...string[]]
    serve(() => textOf([...wanted].reverse()).repeat(50) + textOf([stranger]))
    expect(await search(wanted)).to.equal(undefined)
    expect(known()).to.deep.equal([...wanted].sort())
  })

  it('does not take one for another whose digest differs', async () => {
    const [first] = digests as [string]
    serve((some) => textOf(some).replace(/^ntor-onion-key .*$/m, 'ntor-onion-key ' + 'A'.repeat(43)))
    const failure = await search([first])
    expect(failure?.code).to.equal('DIRECTORY_DIGEST')
    expect(known()).to.deep.equal([])
  })

  it('looks for what several servers lacked less and less often, ten minutes apart at most', async () => {
    const [hidden] = digests as [string]
    serve(without(hidden), without(hidden))
    const times: number[] = []
    const began = clock.now()
    for (let minute = 0; minute < 40; minute++) {
      const before = source.asked.length
      expect(store.isWorthASearch([hidden])).to.equal([0, 1, 3, 7, 15, 25, 35].includes(minute))
      await search()
      if (source.asked.length > before) times.push((clock.now() - began) / MINUTE)
      clock.advance(MINUTE)
    }
    expect(times).to.deep.equal([0, 1, 3, 7, 15, 25, 35])
    clock.advance(10 * MINUTE)
    serve(honest)
    expect(await search()).to.equal(undefined)
    expect(known()).to.deep.equal([...digests].sort())
  })

  it('looks at once again for what one server alone lacked, or nobody could be asked for', async () => {
    serve(without(...digests))
    expect((await search())?.code).to.equal('DIRECTORY_UNAVAILABLE')
    clock.advance(5000)
    expect(store.isWorthASearch(digests)).to.equal(true)
    serve()
    const count = source.asked.length
    expect((await search())?.code).to.equal('DIRECTORY_UNAVAILABLE')
    serve(honest)
    expect(await search()).to.equal(undefined)
    expect(source.asked.length).to.equal(count + 1)
  })

  describe('that can do without fewer than 16', () => {
    beforeEach(() => {
      source.waits = true
    })

    const leisurely = (wanted: readonly string[] = digests): Promise<TorError | undefined> =>
      store.fetch(new Set(wanted), signal, { progress: () => undefined, isEnough: () => Promise.resolve(true) })
    /** So many digests that nobody has a text for. */
    const unknown = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => encodeBase64(sha256(Uint8Array.of(index))))

    for (const [testing, interval] of [
      [false, 10 * MINUTE],
      [true, 5000],
    ] as const) {
      it(`asks one server, and the next ${interval / 1000} seconds after that, as a tor client does${testing ? ' in a test' : ''}`, async () => {
        const [hidden] = digests as [string]
        store = newStore(testing)
        serve(without(hidden), honest)
        expect((await leisurely())?.code).to.equal('DIRECTORY_DIGEST')
        expect(source.asked.length).to.equal(1)
        if (testing)
          clock.advance(MINUTE) // not earlier than any description that somebody lacked
        else {
          clock.advance(interval - 1)
          expect(store.isWorthASearch([hidden])).to.equal(false)
          expect(await leisurely()).to.equal(undefined)
          expect(source.asked.length).to.equal(1)
          clock.advance(1)
        }
        serve(honest)
        expect(store.isWorthASearch([hidden])).to.equal(true)
        expect(await leisurely()).to.equal(undefined)
        expect(source.asked.length).to.equal(2)
        expect(known()).to.deep.equal([...digests].sort())
        clock.advance(interval - 1)
        expect(store.isWorthASearch(unknown(1))).to.equal(false)
        clock.advance(1)
        expect(store.isWorthASearch(unknown(1))).to.equal(true)
      })
    }

    it('asks on for 16, and for one without which no circuit is built', async () => {
      store = newStore(false)
      const many = unknown(16)
      serve(without(...many), without(...many), without(...many))
      await leisurely(many)
      expect(source.asked.length).to.equal(3)
      expect(store.isWorthASearch(unknown(15))).to.equal(false)
      const [needed] = digests as [string]
      serve(without(needed), honest)
      expect(await search([needed])).to.equal(undefined)
      expect(source.asked.length).to.equal(5)
    })
  })

  it('is held up by a slow server for one batch, which has a lane of its own, while others do the rest', async () => {
    const many = Array.from({ length: 1400 }, (_, index) => index.toString(36).padStart(43, 'A'))
    const done: number[] = []
    const stop = deferred<string>()
    serve((some, lane) => {
      if (lane === 0) return stop.promise
      done.push(some.length)
      return undefined
    })
    const searching = search(many)
    for (let turns = 0; done.length < 2 && turns < 1000; turns++) await pauseForTasks()
    expect(done).to.deep.equal([467, 466])
    stop.resolve('')
    expect((await searching)?.code).to.match(/^DIRECTORY_/)
    expect(source.asked.length).to.equal(3)
  })

  const batches: readonly (readonly [number, readonly number[]])[] = [
    [1, [1]],
    [32, [32]],
    [33, [32, 1]],
    [96, [32, 32, 32]],
    [97, [33, 33, 31]],
    [1500, [500, 500, 500]],
    [2000, [500, 500, 500, 500]],
  ]
  for (const [count, sizes] of batches) {
    it(`asks for ${count} as a tor client does: ${sizes.join(', ')} of them, in the order of their bytes`, async () => {
      const many = Array.from({ length: count }, (_, index) => encodeBase64(sha256(Uint8Array.of(index, index >> 8))))
      const asked: string[][] = []
      serve((some) => {
        asked.push([...some])
        return undefined
      })
      await search(many)
      expect(asked.map(({ length }) => length).sort()).to.deep.equal([...sizes].sort())
      const bytes = (digest: string): string => encodeHex(decodeBase64(digest) as Uint8Array)
      expect(asked.flat().map(bytes)).to.deep.equal(many.map(bytes).sort())
    })
  }

  it('forgets what the consensus no longer has', async () => {
    await search()
    await search(digests.slice(1))
    expect(known()).to.deep.equal(digests.slice(1).sort())
  })

  it('says that it was given up', async () => {
    const abort = new AbortController()
    serve(() => {
      abort.abort()
      return undefined
    })
    const failing = store.fetch(new Set(digests), abort.signal, { progress: () => undefined })
    expect(((await rejection(failing)) as TorError).code).to.equal('ABORTED')
  })
})
