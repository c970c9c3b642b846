import { expect } from 'chai'
import { ClientStore } from '../../../lib/client/bootstrap/client-store.ts'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { MemoryStorage, type Storage } from '../../../lib/platform/storage/storage.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

/** Storage whose every answer a spec gives by hand. */
class SlowStorage implements Storage {
  readonly asked: string[] = []
  readonly answers: Deferred<Uint8Array | undefined>[] = []

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#ask(`read ${name}`)
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#ask(`write ${name} ${new TextDecoder().decode(bytes)}`)
  }

  async remove(name: string): Promise<void> {
    await this.#ask(`remove ${name}`)
  }

  #ask(what: string): Promise<Uint8Array | undefined> {
    const answer = deferred<Uint8Array | undefined>()
    this.asked.push(what)
    this.answers.push(answer)
    return answer.promise
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('ClientStore', () => {
  let clock: FakeClock
  let storage: MemoryStorage
  let kept: ClientStore
  let closing: AbortController

  beforeEach(() => {
    clock = new FakeClock()
    closing = new AbortController()
    storage = new MemoryStorage()
    kept = new ClientStore(storage, clock, closing.signal)
  })

  afterEach(() => {
    expect(clock.timers).to.equal(0)
  })

  /** What is handed on under a name. */
  async function used(name: 'consensus' | 'guards' = 'consensus'): Promise<string[]> {
    const texts: string[] = []
    await kept.use(name, (text) => void texts.push(text))
    return texts
  }

  it('hands on what was kept, to the byte', async () => {
    await kept.keep('consensus', '\ufeffnetwork üñí\n\0')
    expect(await used()).to.deep.equal(['\ufeffnetwork üñí\n\0'])
    expect(await storage.read('consensus')).to.deep.equal(bytesOf('\ufeffnetwork üñí\n\0'))
    expect(await used('guards')).to.deep.equal([])
  })

  it('sets aside what its user objects to, at once or later, and nothing else', async () => {
    for (const take of [
      () => {
        throw new Error('no good')
      },
      async () => Promise.reject(new Error('no good')),
    ]) {
      await kept.keep('consensus', 'bad')
      await kept.keep('guards', 'good')
      await kept.use('consensus', take)
      expect(await storage.read('consensus-damaged')).to.deep.equal(bytesOf('bad'))
      expect(await storage.read('guards-damaged')).to.equal(undefined)
      expect(await used('guards')).to.deep.equal(['good'])
    }
  })

  it('sets aside what is no text, and only the last of it', async () => {
    for (const bytes of [new Uint8Array([0x61, 0xff]), new Uint8Array([0xfe])]) {
      await storage.write('consensus', bytes)
      expect(await used()).to.deep.equal([])
      expect(await storage.read('consensus-damaged')).to.deep.equal(bytes)
    }
    await kept.keep('consensus', 'good')
    expect(await used()).to.deep.equal(['good'])
  })

  it('holds nobody up when the storage fails, in whatever way', async () => {
    const rejecting = (): Promise<never> => Promise.reject(new Error('the disk is full'))
    const throwing = (): never => {
      throw new Error('there is no disk')
    }
    for (const fail of [rejecting, throwing]) {
      kept = new ClientStore({ read: fail, write: fail, remove: fail }, clock, closing.signal)
      expect(await used()).to.deep.equal([])
      await kept.keep('consensus', 'text')
      await kept.settled()
      kept = new ClientStore(
        { read: () => Promise.resolve(bytesOf('bad')), write: fail, remove: fail },
        clock,
        closing.signal,
      )
      await kept.use('consensus', () => Promise.reject(new Error('no good')))
    }
  })

  it('holds nobody up when the storage does not answer', async () => {
    kept = new ClientStore(new SlowStorage(), clock, closing.signal)
    const reading = used()
    const writing = kept.keep('guards', 'text')
    await turn()
    clock.advance(10_000)
    expect(await reading).to.deep.equal([])
    await writing
    await kept.settled()
  })

  it('reads nothing any more once the client is closed, but still writes', async () => {
    kept = new ClientStore(new SlowStorage(), clock, closing.signal)
    const reading = used()
    await turn()
    closing.abort()
    expect(await reading).to.deep.equal([])
    expect(clock.timers).to.equal(0)
    expect(await used()).to.deep.equal([])
    closing = new AbortController()
    kept = new ClientStore(storage, clock, closing.signal)
    expect(await used('guards')).to.deep.equal([])
    closing.abort()
    expect(await kept.keep('guards', 'last')).to.equal(true)
    expect(await storage.read('guards')).to.deep.equal(bytesOf('last'))
    // Of this it is not known what is there.
    expect(await kept.keep('consensus', 'last')).to.equal(false)
    expect(await storage.read('consensus')).to.equal(undefined)
  })

  it('writes one after the other under one name, and of those that wait only the last', async () => {
    const slow = new SlowStorage()
    kept = new ClientStore(slow, clock, closing.signal)
    const reads = [used('guards'), used('consensus')]
    await turn()
    for (const answer of slow.answers.splice(0)) answer.resolve(undefined)
    await Promise.all(reads)
    slow.asked.length = 0
    const writes = ['one', 'two', 'three'].map((text) => kept.keep('guards', text))
    const other = kept.keep('consensus', 'beside')
    await turn()
    expect(slow.asked).to.deep.equal(['write guards one', 'write consensus beside'])
    slow.answers[1]?.resolve(undefined)
    await other
    let settled = false
    const settling = kept.settled().then(() => (settled = true))
    slow.answers[0]?.resolve(undefined)
    await turn()
    expect(slow.asked.slice(2)).to.deep.equal(['write guards three'])
    expect(settled).to.equal(false)
    slow.answers[2]?.reject(new Error('the disk is full'))
    await Promise.all([...writes, settling])
    void kept.keep('guards', 'four')
    await turn()
    expect(slow.asked.at(-1)).to.equal('write guards four')
    slow.answers[3]?.resolve(undefined)
    await kept.settled()
  })
})
