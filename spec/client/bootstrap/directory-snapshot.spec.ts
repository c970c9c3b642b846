import { expect } from 'chai'
import type { TorClientOptions } from '../../../lib/client/client-options.ts'
import { TorClient } from '../../../lib/client/tor-client.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../lib/directory/snapshot.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import type { DocumentLie } from '../../../lib/testing/directory/directory-lies.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { ClientFixture, exit, guard, middle, pathOf } from '../support/client-fixture.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { answerOf, lyingSnapshot, snapshotOf, zipped, zippedSnapshot } from '../support/snapshots.ts'

const HOUR = 3_600_000
const DIRECTORY = 'https://gateway.example/directory'
/** As in withheld-descriptions: more of 20 draws with a chance of 1 in 18 have a chance below 10^-9. */
const MOST_OF_20 = 11

describe('A directory in one request outside Tor', function () {
  let fixture: ClientFixture
  let asked: { url: string; init: RequestInit }[]

  before(async () => {
    fixture = await ClientFixture.start()
  })

  beforeEach(() => {
    asked = []
  })
  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** A server that answers like this. */
  const answering =
    (answer: (signal: AbortSignal) => Response | Promise<Response>): typeof globalThis.fetch =>
    (input, init = {}) => {
      asked.push({ url: String(input), init })
      return Promise.resolve(answer(init.signal as AbortSignal))
    }
  const serving = (body: Uint8Array<ArrayBuffer>): typeof globalThis.fetch => answering(() => answerOf(body))
  const open = (directoryFetch: typeof globalThis.fetch, options: TorClientOptions = {}): Promise<TorClient> =>
    fixture.open({ directory: DIRECTORY, directoryFetch, ...options })
  const pathTo = async (tor: TorClient, host: string, isolation?: number): Promise<string[]> => {
    await fixture.passing(tor.connect({ hostname: host, port: 80 }, { isolation }).opened)
    return pathOf(fixture.circuitOf(host))
  }

  it('spares the requests to relays, all of them', async () => {
    const tor = await open(serving(await zippedSnapshot(snapshotOf(fixture.network))))
    expect(await pathTo(tor, 'a.example')).to.have.length(3)
    expect(fixture.requests).to.deep.equal({})
    expect(tor.status.warnings).to.deep.equal([])
    expect(asked.map(({ url }) => url)).to.deep.equal([DIRECTORY])
  })

  it('carries nothing that tells one client from another, and follows nobody elsewhere', async () => {
    await open(serving(await zippedSnapshot(snapshotOf(fixture.network))))
    const { signal, ...init } = asked[0]?.init as RequestInit
    expect(init).to.deep.equal({
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    })
    expect(signal).to.be.instanceOf(AbortSignal)
  })

  it('may have had its compression taken off on the way', async () => {
    await open(serving(encodeSnapshot(snapshotOf(fixture.network))))
    expect(fixture.requests).to.deep.equal({})
  })

  it('is kept: the next visit asks nobody, nor does a renewal ask there', async () => {
    const fetch = serving(await zippedSnapshot(snapshotOf(fixture.network)))
    const first = await open(fetch)
    await fixture.passing(first.close())
    const second = await open(fetch)
    expect([asked.length, fixture.requests]).to.deep.equal([1, {}])
    fixture.clock.advance(3 * HOUR)
    await pathTo(second, 'a.example')
    await fixture.quiet()
    expect(asked.length).to.equal(1)
    expect(fixture.requests['consensus']).to.be.at.least(1)
  })

  it('is not asked for by a client that was not told to', async () => {
    await fixture.open({ directoryFetch: serving(new Uint8Array(0)) })
    expect(asked).to.deep.equal([])
  })

  const refused: readonly (readonly [what: unknown, why: string])[] = [
    ['ftp://gateway.example/', 'another kind'],
    ['https://user@gateway.example/', 'a user'],
    ['https://', 'no host'],
    [5, 'a number'],
  ]
  for (const [directory, why] of refused) {
    it(`is refused before anything is sent when its URL has ${why}`, async () => {
      const error = await rejection(fixture.open({ directory: directory as string }))
      expect(error).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.match(/^Cannot use the option directory as /)
    })
  }

  describe('whose server lies', () => {
    /** What the client may make of it: it opens by what relays say, and says why. */
    const expectRelaysAsked = async (
      fetch: typeof globalThis.fetch,
      warning: RegExp | undefined,
      kinds: readonly string[],
    ): Promise<void> => {
      const tor = await open(fetch)
      expect(await pathTo(tor, 'a.example')).to.have.length(3)
      expect(Object.keys(fixture.requests)).to.include.members([...kinds])
      if (warning === undefined) expect(tor.status.warnings).to.deep.equal([])
      else expect(tor.status.warnings.join('\n')).to.match(warning)
      expect(tor.status.warnings.join('\n')).to.not.include('gateway.example')
    }

    const lies: readonly (readonly [lie: DocumentLie, code: string | undefined, kinds: readonly string[]])[] = [
      ['expired', 'DIRECTORY_EXPIRED', ['consensus']],
      ['future', 'DIRECTORY_FUTURE', ['consensus']],
      ['altered', 'DIRECTORY_SIGNATURES', ['consensus']],
      ['forged-signatures', 'DIRECTORY_SIGNATURES', ['consensus']],
      ['minority', 'DIRECTORY_SIGNATURES', ['consensus']],
      ['repeated-signature', 'DIRECTORY_SIGNATURES', ['consensus']],
      ['unknown-authorities', 'DIRECTORY_SIGNATURES', ['consensus']],
      ['impostors', 'DIRECTORY_', ['consensus']],
      ['other-certificates', 'DIRECTORY_', ['consensus']],
      ['expired-certificates', undefined, ['certificates']],
      ['forged-certificates', undefined, ['certificates']],
      ['uncrossed-certificates', undefined, ['certificates']],
      ['altered-microdescriptors', undefined, ['microdescriptors']],
    ]
    for (const [lie, code, kinds] of lies) {
      it(`by ${lie} is worth nothing: relays are asked for the ${kinds.join()}`, async () => {
        const body = await zippedSnapshot(await lyingSnapshot(fixture.network, lie, fixture.clock.now()))
        await expectRelaysAsked(serving(body), code === undefined ? undefined : new RegExp(code), kinds)
      })
    }

    it('by one of yesterday, well signed, does not begin a client with it', async () => {
      const old = { ...snapshotOf(fixture.network) }
      fixture.clock.advance(20 * HOUR)
      const tor = await open(serving(await zippedSnapshot(old)))
      await pathTo(tor, 'a.example')
      expect(fixture.requests['consensus']).to.equal(1)
      expect(tor.status.warnings.join()).to.match(/there may be a newer consensus/)
    })

    const transfers: Readonly<Record<string, () => Promise<readonly [typeof globalThis.fetch, RegExp]>>> = {
      'that is not there': () => Promise.resolve([answering(() => new Response('no', { status: 404 })), /status 404/]),
      'that cannot be reached': () =>
        Promise.resolve([answering(() => Promise.reject(new TypeError('fetch failed'))), /it cannot be reached/]),
      'that is empty': () => Promise.resolve([serving(new Uint8Array(0)), /DIRECTORY_UNAVAILABLE/]),
      'of one byte': () => Promise.resolve([serving(new Uint8Array(1)), /DIRECTORY_UNAVAILABLE/]),
      'of garbage': () => Promise.resolve([serving(new Uint8Array(9999).fill(0x41)), /DIRECTORY_MALFORMED/]),
      'of compressed garbage': async () => [serving(await zipped(new Uint8Array(9999))), /DIRECTORY_/],
      'that is cut in its compression': async () => [
        serving((await zippedSnapshot(snapshotOf(fixture.network))).slice(0, -9)),
        /DIRECTORY_MALFORMED/,
      ],
      'that is cut before it was compressed': async () => [
        serving(await zipped(encodeSnapshot(snapshotOf(fixture.network)).slice(0, -9))),
        /DIRECTORY_MALFORMED/,
      ],
      'that has more behind it': async () => [
        serving(await zipped(new Uint8Array([...encodeSnapshot(snapshotOf(fixture.network)), 10]))),
        /DIRECTORY_MALFORMED/,
      ],
      'that is a bomb': async () => [serving(await zipped(new Uint8Array(40_000_000))), /DIRECTORY_TOO_LARGE/],
      'that has no end': () =>
        Promise.resolve([
          answering(
            () =>
              new Response(new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(20_000_000).fill(65)) })),
          ),
          /DIRECTORY_TOO_LARGE/,
        ]),
      'that does not answer': () =>
        Promise.resolve([
          answering((signal) => new Promise((_, reject) => onAbortOf(signal, reject))),
          /no answer in time/,
        ]),
      'that stops in the middle': () =>
        Promise.resolve([
          answering((signal) => {
            const start = (body: ReadableStreamDefaultController): void => {
              body.enqueue(new Uint8Array([0x1f, 0x8b, 8]))
              onAbortOf(signal, (reason) => body.error(reason))
            }
            return new Response(new ReadableStream({ start }))
          }),
          /no answer in time/,
        ]),
    }
    for (const [what, make] of Object.entries(transfers)) {
      it(`by one ${what} costs time only`, async () => {
        const [fetch, warning] = await make()
        await expectRelaysAsked(fetch, warning, ['consensus', 'certificates', 'microdescriptors'])
      })
    }

    it('costs no more than a third of the time that opening may take', async () => {
      const never = answering((signal) => new Promise((_, reject) => onAbortOf(signal, reject)))
      const before = fixture.clock.now()
      await open(never, { timeout: 15_000 })
      expect(fixture.clock.now() - before).to.be.within(5000, 6000)
    })

    it('is given up with the client', async () => {
      const leaving = new AbortController()
      const never = answering((signal) => new Promise((_, reject) => onAbortOf(signal, reject)))
      const opening = rejection(
        TorClient.open({ ...fixture.options, directory: DIRECTORY, directoryFetch: never, signal: leaving.signal }),
      )
      await fixture.quiet()
      leaving.abort()
      expect(await opening).to.include({ code: 'ABORTED' })
      expect(asked[0]?.init.signal?.aborted).to.equal(true)
    })

    it('by leaving out what relays leave out too gets nothing built', async () => {
      const left = ({ nickname }: TestRelay): boolean => /^exit[23]$/.test(nickname)
      fixture.network.directory.lie = ({ kind }) => (kind === 'microdescriptors' ? 'not-found' : undefined)
      const error = await rejection(open(serving(await zippedSnapshot(snapshotOf(fixture.network, left)))))
      expect(error).to.include({ code: 'DIRECTORY_UNAVAILABLE' })
      expect(fixture.built).to.equal(0)
    })

    it('by descriptions of strangers among the others costs none of the others', async () => {
      const [first = '', ...others] = snapshotOf(fixture.network).microdescriptors.split(/(?=^onion-key$)/m)
      const strangers = Array.from({ length: 50 }, (_, index) => `${first}#${index}\n`)
      const microdescriptors = [...strangers, first, ...others].join('')
      await open(serving(await zippedSnapshot({ ...snapshotOf(fixture.network), microdescriptors })))
      expect(fixture.requests).to.deep.equal({})
    })
  })
})

describe('A server of directories in one request', function () {
  let fixture: ClientFixture
  let guards: TestRelay[]
  let exits: TestRelay[]

  before(async () => {
    const plans = (kind: 'guard' | 'exit' | 'middle', count: number): ReturnType<typeof guard>[] =>
      Array.from({ length: count }, (_, index) => ({ guard, exit, middle })[kind](`${kind}${index + 1}`))
    fixture = await ClientFixture.start({
      relays: [...plans('guard', 20), ...plans('exit', 18), ...plans('middle', 6)],
    })
    const named = (kind: string): TestRelay[] =>
      fixture.network.relays.filter(({ nickname }) => nickname.startsWith(kind))
    guards = named('guard')
    exits = named('exit')
  })

  beforeEach(() => {
    fixture.network.directory.params = { 'guard-n-primary-guards-to-use': 1 }
  })
  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  const serving = async (isLeftOut: (relay: TestRelay) => boolean): Promise<TorClientOptions> => {
    const body = await zippedSnapshot(snapshotOf(fixture.network, isLeftOut))
    return { directory: DIRECTORY, directoryFetch: () => Promise.resolve(answerOf(body)) }
  }
  const pathTo = async (tor: TorClient, host: string, isolation?: number): Promise<string[]> => {
    await fixture.passing(tor.connect({ hostname: host, port: 80 }, { isolation }).opened)
    return pathOf(fixture.circuitOf(host))
  }

  it('by leaving out all exits but one does not choose the exit', async () => {
    const accomplice = exits[4]
    const left = (relay: TestRelay): boolean => relay !== accomplice && exits.includes(relay)
    const tor = await fixture.open({ ...(await serving(left)), random: seededRandom(1) })
    const taken: string[] = []
    for (let index = 0; index < 20; index++)
      taken.push((await pathTo(tor, `${'abcdefghijklmnopqrst'[index]}.example`, index)).at(-1) as string)
    expect(taken.filter((name) => name === accomplice?.nickname).length).to.be.at.most(MOST_OF_20)
    expect(new Set(taken).size).to.be.at.least(5)
    expect(fixture.requests['microdescriptors']).to.be.at.least(1)
  })

  it('by leaving out all guards but one does not choose the guard of fresh clients', async () => {
    const accomplice = guards[7]
    const left = (relay: TestRelay): boolean => relay !== accomplice && guards.includes(relay)
    const served = await serving(left)
    const taken: string[] = []
    for (let client = 0; client < 20; client++) {
      const tor = await fixture.open({ ...served, random: seededRandom(100 + client), storage: new MemoryStorage() })
      taken.push((await pathTo(tor, 'a.example'))[0] as string)
      await fixture.passing(tor.close())
    }
    expect(taken.filter((name) => name === accomplice?.nickname).length).to.be.at.most(MOST_OF_20)
    expect(new Set(taken).size).to.be.at.least(5)
  })
})

describe('The form of a snapshot', () => {
  const snapshot = { consensus: 'a consensus\n', certificates: '', microdescriptors: 'onion-key\n\u20ac' }

  it('gives back what was put in', () => {
    expect(decodeSnapshot(new TextDecoder().decode(encodeSnapshot(snapshot)))).to.deep.equal(snapshot)
  })

  const text = new TextDecoder().decode(encodeSnapshot(snapshot))
  const wrong: Readonly<Record<string, string>> = {
    'nothing': '',
    'another version': text.replace(' 1\n', ' 2\n'),
    'a length with a zero before it': text.replace('consensus 12', 'consensus 012'),
    'a negative length': text.replace('consensus 12', 'consensus -12'),
    'a length beyond all': text.replace('consensus 12', 'consensus 9999999999'),
    'lengths that are too much': text.replace('consensus 12', 'consensus 13'),
    'lengths that cut a character': text.replace('consensus 12', 'consensus 24').replace('rs 13', 'rs 1'),
    'another order': text.replace(/(consensus \d+\n)(certificates \d+\n)/, '$2$1'),
    'one document less': text.replace(/certificates \d+\n/, ''),
    'line ends of another kind': text.replaceAll('\n', '\r\n'),
    'more behind it': `${text}x`,
    'less': text.slice(0, -1),
  }
  for (const [what, given] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      expect(() => decodeSnapshot(given)).to.throw(/^the snapshot of the directory /)
    })
  }
})

function onAbortOf(signal: AbortSignal, callback: (reason: unknown) => void): void {
  signal.addEventListener('abort', () => callback(signal.reason))
}
