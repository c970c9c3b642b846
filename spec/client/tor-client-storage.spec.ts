import { expect } from 'chai'
import type { KeptName } from '../../lib/client/bootstrap/client-store.ts'
import { MemoryStorage, type Storage } from '../../lib/platform/storage/storage.ts'
import { codeOf } from '../stream/support/scene.ts'
import { ClientScene, pathOf } from './support/client-scene.ts'

const NAMES = ['consensus', 'certificates', 'microdescriptors', 'guards'] as const satisfies readonly KeptName[]

const textOf = async (storage: Storage, name: KeptName): Promise<string> => new TextDecoder().decode(await storage.read(name))

describe('TorClient: what it keeps', function () {
  this.timeout(30_000)
  let scene: ClientScene

  before(async () => {
    scene = await ClientScene.start()
  })

  afterEach(() => scene.tidy())
  after(() => scene.end())

  /** Runs a client once; gives the guard that it used. */
  async function run(storage: Storage = scene.storage): Promise<string | undefined> {
    const tor = await scene.open({ storage })
    const socket = tor.connect('example.com:80')
    await scene.passing(socket.opened)
    const [guard] = pathOf(scene.circuitOf('example.com'))
    await scene.quiet() // what is missing is fetched beside
    await scene.passing(tor.close())
    return guard
  }

  /** Forgets what was asked for so far. */
  function forgetRequests(): void {
    scene.network.directory.requests.length = 0
    scene.network.circuits.length = 0
    scene.network.dials.length = 0
  }

  it('is everything: the second start asks nobody for any document, and begins at the same guard', async () => {
    const guard = await run()
    expect(scene.requests).to.deep.equal({ consensus: 1, certificates: 1, microdescriptors: 1 })
    for (const name of NAMES) expect(await scene.storage.read(name), name).to.not.equal(undefined)
    forgetRequests()
    for (let start = 0; start < 3; start++) expect(await run()).to.equal(guard)
    expect(scene.requests).to.deep.equal({})
    const addresses = new Set(scene.network.dials.map(({ hostname }) => hostname))
    expect([...addresses]).to.deep.equal([scene.network.relays.find(({ nickname }) => nickname === guard)?.address.hostname])
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
        const good = await textOf(scene.storage, name)
        await scene.storage.write(name, new TextEncoder().encode(spoil(good)))
        forgetRequests()
        await run()
        const asked = name === 'guards' ? {} : name === 'certificates' ? { consensus: 1, certificates: 1 } : { [name]: 1 }
        expect(scene.requests).to.deep.equal(asked)
        const again = await textOf(scene.storage, name)
        // New guards need not be the old ones.
        if (name !== 'guards') expect(sorted(again)).to.equal(sorted(good))
        forgetRequests()
        await run()
        expect(scene.requests, 'the third start').to.deep.equal({})
      })
    }
  }

  it('is worth nothing to a client that trusts others', async () => {
    await run()
    const authorities = scene.network.config.authorities.map((authority, index) => ({ ...authority, v3Identity: String(index).repeat(40) }))
    expect(await codeOf(scene.open({ network: { ...scene.network.config, authorities } }))).to.equal('DIRECTORY_UNAVAILABLE')
    for (const name of ['consensus', 'certificates'] as const) expect(await scene.storage.read(name), name).to.equal(undefined)
  })

  it('does without storage that fails, throws or does not answer', async () => {
    const fails = (): Promise<never> => Promise.reject(new Error('the disk is full'))
    const throws = (): never => {
      throw new Error('there is no disk')
    }
    const hangs = (): Promise<never> => new Promise(() => undefined)
    for (const each of [fails, throws, hangs]) await run({ read: each, write: each, remove: each })
    expect(scene.requests).to.include({ consensus: 3, microdescriptors: 3 })
  })

  it('is not waited for when opening is given up', async () => {
    const hangs = (): Promise<never> => new Promise(() => undefined)
    const abort = new AbortController()
    const opening = scene.open({ storage: { read: hangs, write: hangs, remove: hangs }, signal: abort.signal })
    abort.abort()
    expect(await codeOf(opening)).to.equal('ABORTED')
    const late = scene.open({ storage: { read: hangs, write: hangs, remove: hangs }, timeout: 5000 })
    expect(await codeOf(late)).to.equal('TIMEOUT')
  })

  it('is shared by two clients at a time', async () => {
    const [one, other] = await Promise.all([scene.open(), scene.open()])
    await Promise.all([scene.passing(one.connect('one.example:80').opened), scene.passing(other.connect('other.example:80').opened)])
    await Promise.all([scene.passing(one.close()), scene.passing(other.close())])
    forgetRequests()
    await run()
    expect(scene.requests).to.deep.equal({})
  })

  it('has only what was verified: a forged certificate is neither kept nor in the way of the true one', async () => {
    const { network } = scene
    const [liar, honest] = network.relays.filter(({ nickname }) => nickname.startsWith('exit'))
    if (liar === undefined || honest === undefined) throw new Error('there are no such relays')
    liar.lie = (request) => (request.kind === 'certificates' ? 'forged-certificates' : undefined)
    const storage = new MemoryStorage()
    // Whoever is asked first, the liar is asked for the certificates in some of these starts.
    for (let start = 0; start < 4; start++) {
      const tor = await scene.open({ network: scene.servedBy(liar, honest), storage })
      await scene.passing(tor.close())
      const kept = await textOf(storage, 'certificates')
      expect(network.directory.certificates.every((text) => kept.includes(text))).to.equal(true)
      await storage.remove('consensus')
      await storage.remove('certificates')
    }
  })
})

/** The documents of a text in an order that does not depend on who sent them when. */
const sorted = (text: string): string => text.split(/^(?=dir-key-certificate-version|onion-key)/m).sort().join('')
