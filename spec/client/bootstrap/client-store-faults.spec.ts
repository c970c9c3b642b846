import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { ClientStore } from '../../../lib/client/bootstrap/client-store.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { FaultyStorage } from '../support/faulty-storage.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const fails = (): Promise<never> => Promise.reject(new Error('no'))

/** Adds a word to a text of words. */
const adding =
  (...words: readonly string[]) =>
  (kept: string | undefined): string => {
    if (kept?.includes('!')) throw new Error('damaged')
    return [...new Set([...(kept ?? '').split(' '), ...words])].filter((word) => word !== '').join(' ')
  }

for (const isPlain of [false, true]) {
  describe(`ClientStore over storage that ${isPlain ? 'only reads and writes' : 'can update'}`, () => {
    let clock: FakeClock
    let inner: MemoryStorage
    let storage: FaultyStorage
    let closing: AbortController
    let kept: ClientStore

    beforeEach(() => {
      clock = new FakeClock()
      inner = new MemoryStorage()
      storage = new FaultyStorage(inner, isPlain)
      closing = new AbortController()
      kept = new ClientStore(storage, clock, closing.signal)
    })

    afterEach(() => {
      expect(clock.timers).to.equal(0)
    })

    const textOf = async (name = 'guards'): Promise<string> => new TextDecoder().decode(await inner.read(name))

    it('writes nothing under a name before it has been read', async () => {
      expect(await kept.keep('consensus', 'text')).to.equal(true)
      expect(storage.asked).to.deep.equal(['read consensus', 'write consensus'])
      expect(await kept.keep('consensus', 'more')).to.equal(true)
      expect(storage.asked.slice(2)).to.deep.equal(['write consensus'])
    })

    it('writes nothing while reading fails, and again once it does not', async () => {
      await inner.write('guards', bytesOf('a'))
      storage.before = (act) => (act === 'read' ? fails() : undefined)
      await kept.use('guards', () => expect.fail('there is nothing to take'))
      expect(await kept.keep('guards', 'b')).to.equal(false)
      expect(await kept.merge('guards', adding('b'))).to.equal(false)
      expect(await textOf()).to.equal('a')
      expect(kept.warnings.length).to.equal(1)
      storage.before = () => undefined
      expect(await kept.merge('guards', adding('b'))).to.equal(true)
      expect(await textOf()).to.equal('a b')
      expect(kept.warnings).to.deep.equal([])
    })

    it('merges with what others have written meanwhile', async () => {
      await inner.write('guards', bytesOf('a'))
      await kept.use('guards', () => undefined)
      await inner.write('guards', bytesOf('a b'))
      expect(await kept.merge('guards', adding('c'))).to.equal(true)
      expect(await textOf()).to.equal('a b c')
    })

    it('writes nothing when what was read before cannot be read for a merge', async () => {
      await inner.write('guards', bytesOf('a'))
      await kept.use('guards', () => undefined)
      for (const before of [fails, () => Promise.reject(new TorError('STORAGE_BUSY', 'others hold it'))]) {
        storage.before = (act) => (act === 'read' || act === 'update' ? before() : undefined)
        expect(await kept.merge('guards', adding('b'))).to.equal(false)
        expect(await textOf()).to.equal('a')
      }
      expect(kept.warnings).to.deep.equal([
        'Storage cannot be written (guards): others hold it. The client keeps this in memory only',
      ])
      storage.before = () => undefined
      storage.given = () => null
      expect(await kept.merge('guards', adding('b'))).to.equal(false)
      expect(await textOf()).to.equal('a')
    })

    it('sets aside what was damaged while it ran, and then replaces it', async () => {
      await kept.use('guards', () => undefined)
      for (const damaged of [bytesOf('!'), new Uint8Array([0xff]), bytesOf('!')]) {
        await inner.write('guards', damaged)
        expect(await kept.merge('guards', adding('b'))).to.equal(true)
        expect(await textOf()).to.equal('b')
        expect(await inner.read('guards-damaged')).to.deep.equal(damaged)
      }
      expect(kept.warnings.join()).to.match(/^Storage was damaged .*\(guards\): .* kept as guards-damaged/)
    })

    it('gives up on what is damaged anew as often as it is looked at', async () => {
      await kept.use('guards', () => undefined)
      let damages = 0
      storage.given = () => bytesOf(`! ${++damages}`)
      await inner.write('guards', bytesOf('!'))
      expect(await kept.merge('guards', adding('b'))).to.equal(false)
      expect(await textOf()).to.match(/^!/)
    })

    it('replaces nothing of which it cannot keep a copy', async () => {
      await inner.write('guards', bytesOf('!'))
      storage.before = (_, name) => (name === 'guards-damaged' ? fails() : undefined)
      await kept.use('guards', (text) => void adding()(text))
      expect(await kept.merge('guards', adding('b'))).to.equal(false)
      expect(await textOf()).to.equal('!')
      expect(kept.warnings.length).to.equal(1)
    })

    it('lets no write that was late come after a later one', async () => {
      await kept.use('consensus', () => undefined)
      const gate = deferred<undefined>()
      storage.before = (act) => (act === 'write' && storage.asked.length === 2 ? gate.promise : undefined)
      const first = kept.keep('consensus', 'old')
      await turn()
      clock.advance(10_000)
      expect(await first).to.equal(false)
      const second = kept.keep('consensus', 'new')
      await turn(5)
      expect(storage.asked).to.deep.equal(['read consensus', 'write consensus'])
      gate.resolve(undefined)
      expect(await second).to.equal(true)
      expect(await textOf('consensus')).to.equal('new')
    })

    it('begins nothing that nobody waits for any more', async () => {
      const gate = deferred<undefined>()
      storage.before = () => gate.promise
      const reading = kept.use('consensus', () => expect.fail('it is too late'))
      await turn()
      clock.advance(10_000)
      await reading
      const writing = kept.keep('consensus', 'text')
      await turn()
      clock.advance(10_000)
      expect(await writing).to.equal(false)
      gate.resolve(undefined)
      await turn(5)
      expect(storage.asked).to.deep.equal(['read consensus'])
    })

    it('judges nothing and writes nothing when it is closed in the middle of a read or of what comes of it', async () => {
      await inner.write('consensus', bytesOf('text'))
      await kept.use('consensus', () => {
        closing.abort()
        throw new Error('what it needs is not there')
      })
      expect(await kept.keep('consensus', 'other')).to.equal(false)
      expect(await textOf('consensus')).to.equal('text')
      expect(await inner.read('consensus-damaged')).to.equal(undefined)
      expect(kept.warnings).to.deep.equal([])
    })

    it('tells why in a word, and no path', async () => {
      const reasons: readonly (readonly [unknown, string])[] = [
        [Object.assign(new Error('/home/me'), { code: 'ENOSPC' }), 'it failed with ENOSPC'],
        [Object.assign(new Error('/home/me'), { code: '/home/me' }), 'it failed'],
        [new DOMException('/home/me', 'QuotaExceededError'), 'it failed with QuotaExceededError'],
        [new Error('/home/me'), 'it failed'],
        ['/home/me', 'it failed'],
        [undefined, 'it failed'],
        [null, 'it failed'],
      ]
      for (const [failure, reason] of reasons) {
        storage.before = () => Promise.reject(failure)
        await kept.use('guards', () => undefined)
        expect(kept.warnings.join()).to.equal(
          `Storage cannot be read (guards): ${reason}. What is in it stays as it is, and the client goes on without`,
        )
      }
    })
  })
}

describe('Clients that share a storage', () => {
  it('lose none of the words of each other, whatever fails in between', async () => {
    const act = fc.record({ who: fc.nat({ max: 2 }), fails: fc.constantFrom('', 'read', 'write', 'update') })
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
        const inner = new MemoryStorage()
        await inner.write('guards', bytesOf('first'))
        const clock = new FakeClock()
        const clients = [0, 1, 2].map(() => {
          const storage = new FaultyStorage(inner)
          const words: string[] = []
          return { storage, words, kept: new ClientStore(storage, clock, new AbortController().signal) }
        })
        for (const [index, { who, fails: failing }] of acts.entries()) {
          const { storage, words, kept } = clients[who] as (typeof clients)[number]
          storage.before = (what) => (what === failing ? fails() : undefined)
          words.push(`word${index}`)
          await kept.merge('guards', adding(...words))
        }
        for (const { storage, words, kept } of clients) {
          storage.before = () => undefined
          expect(await kept.merge('guards', adding(...words))).to.equal(true)
        }
        const all = new TextDecoder().decode(await inner.read('guards')).split(' ')
        expect(all).to.have.members(['first', ...acts.map((_, index) => `word${index}`)])
        expect(clock.timers).to.equal(0)
      }),
    )
  })
})
