import { expect } from 'chai'
import type { KeptName } from '../../lib/client/bootstrap/storage-warnings.ts'
import { MemoryStorage, type Storage } from '../../lib/platform/storage/storage.ts'
import { codeOf } from '../stream/support/stream-fixture.ts'
import { ClientFixture, pathOf } from './support/client-fixture.ts'

const NAMES = ['consensus', 'certificates', 'microdescriptors', 'guards'] as const satisfies readonly KeptName[]

const textOf = async (storage: Storage, name: KeptName | `${KeptName}-damaged`): Promise<string> =>
  new TextDecoder().decode(await storage.read(name))

describe('TorClient: what it keeps', function () {
  let fixture: ClientFixture

  before(async () => {
    fixture = await ClientFixture.start()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** Runs a client once; gives the guard that it used. */
  async function run(storage: Storage = fixture.storage): Promise<string | undefined> {
    const tor = await fixture.open({ storage })
    const socket = tor.connect('example.com:80')
    await fixture.passing(socket.opened)
    const [guard] = pathOf(fixture.circuitOf('example.com'))
    await fixture.quiet() // what is missing is fetched beside
    await fixture.passing(tor.close())
    return guard
  }

  /** Forgets what was asked for so far. */
  function forgetRequests(): void {
    fixture.network.directory.requests.length = 0
    fixture.network.circuits.length = 0
    fixture.network.dials.length = 0
  }

  it('is everything: the second start asks nobody for any document, and begins at the same guard', async () => {
    const guard = await run()
    expect(fixture.requests).to.deep.equal({ consensus: 1, certificates: 1, microdescriptors: 1 })
    for (const name of NAMES) expect(await fixture.storage.read(name), name).to.not.equal(undefined)
    forgetRequests()
    for (let start = 0; start < 3; start++) expect(await run()).to.equal(guard)
    expect(fixture.requests).to.deep.equal({})
    const addresses = new Set(fixture.network.dials.map(({ hostname }) => hostname))
    expect([...addresses]).to.deep.equal([
      fixture.network.relays.find(({ nickname }) => nickname === guard)?.address.hostname,
    ])
  })

  const spoilings: readonly (readonly [what: string, spoil: (text: string) => string])[] = [
    ['garbage', () => '\u0000\u0001garbage'],
    ['cut off in the middle', (text) => text.slice(0, text.length / 2)],
    ['cut off near its end', (text) => text.slice(0, -10)],
    ['changed in one place', (text) => text.replace(/\d(?=\d*\n)/, (digit) => (digit === '1' ? '2' : '1'))],
  ]
  for (const name of NAMES) {
    for (const [what, spoil] of spoilings) {
      it(`is fetched again where it is no good: ${name} ${what}`, async () => {
        await run()
        const good = await textOf(fixture.storage, name)
        await fixture.storage.write(name, new TextEncoder().encode(spoil(good)))
        forgetRequests()
        await run()
        const asked =
          name === 'guards' ? {} : name === 'certificates' ? { consensus: 1, certificates: 1 } : { [name]: 1 }
        expect(fixture.requests).to.deep.equal(asked)
        const again = await textOf(fixture.storage, name)
        // New guards need not be the old ones.
        if (name !== 'guards') expect(sorted(again)).to.equal(sorted(good))
        forgetRequests()
        await run()
        expect(fixture.requests, 'the third start').to.deep.equal({})
      })
    }
  }

  it('is worth nothing to a client that trusts others', async () => {
    await run()
    const authorities = fixture.network.config.authorities.map((authority, index) => ({
      ...authority,
      v3Identity: String(index).repeat(40),
    }))
    expect(await codeOf(fixture.open({ network: { ...fixture.network.config, authorities } }))).to.equal(
      'DIRECTORY_UNAVAILABLE',
    )
    for (const name of ['consensus', 'certificates'] as const)
      expect(await textOf(fixture.storage, `${name}-damaged`), name).to.equal(await textOf(fixture.storage, name))
  })

  it('does without storage that fails, throws or does not answer', async () => {
    const fails = (): Promise<never> => Promise.reject(new Error('the disk is full'))
    const throws = (): never => {
      throw new Error('there is no disk')
    }
    const hangs = (): Promise<never> => new Promise(() => undefined)
    for (const each of [fails, throws, hangs]) await run({ read: each, write: each, remove: each })
    expect(fixture.requests).to.include({ consensus: 3, microdescriptors: 3 })
  })

  it('is not waited for when opening is given up', async () => {
    const hangs = (): Promise<never> => new Promise(() => undefined)
    const abort = new AbortController()
    const opening = fixture.open({ storage: { read: hangs, write: hangs, remove: hangs }, signal: abort.signal })
    abort.abort()
    expect(await codeOf(opening)).to.equal('ABORTED')
    const late = fixture.open({ storage: { read: hangs, write: hangs, remove: hangs }, timeout: 5000 })
    expect(await codeOf(late)).to.equal('TIMEOUT')
  })

  it('is shared by two clients at a time', async () => {
    const [one, other] = await Promise.all([fixture.open(), fixture.open()])
    await Promise.all([
      fixture.passing(one.connect('one.example:80').opened),
      fixture.passing(other.connect('other.example:80').opened),
    ])
    await Promise.all([fixture.passing(one.close()), fixture.passing(other.close())])
    forgetRequests()
    await run()
    expect(fixture.requests).to.deep.equal({})
  })

  it('has only what was verified: a forged certificate is neither kept nor in the way of the true one', async () => {
    const { network } = fixture
    const [liar, honest] = network.relays.filter(({ nickname }) => nickname.startsWith('exit'))
    if (liar === undefined || honest === undefined) throw new Error('there are no such relays')
    liar.lie = (request) => (request.kind === 'certificates' ? 'forged-certificates' : undefined)
    const storage = new MemoryStorage()
    // Whoever is asked first, the liar is asked for the certificates in some of these starts.
    for (let start = 0; start < 4; start++) {
      const tor = await fixture.open({ network: fixture.servedBy(liar, honest), storage })
      await fixture.passing(tor.close())
      const kept = await textOf(storage, 'certificates')
      expect(network.directory.certificates.every((text) => kept.includes(text))).to.equal(true)
      await storage.remove('consensus')
      await storage.remove('certificates')
    }
  })
})

/** The documents of a text in an order that does not depend on who sent them when. */
const sorted = (text: string): string =>
  text
    .split(/^(?=dir-key-certificate-version|onion-key)/m)
    .sort()
    .join('')
