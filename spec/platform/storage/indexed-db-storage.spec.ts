import { expect } from 'chai'
import { IndexedDbStorage } from '../../../lib/platform/storage/indexed-db-storage.ts'
import { PIECE_SIZE } from '../../../lib/platform/storage/stored-entry.ts'
import { webPlatform } from '../../../lib/platform/web.ts'
import { codeOf, rejection } from '../../stream/support/stream-fixture.ts'
import { unlessEngineLacks } from '../../support/engines.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { ScriptedDatabases } from './support/scripted-database.ts'

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)
const text = (words: Uint8Array | undefined): string => new TextDecoder().decode(words)
const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

let databases = 0
/** The name of a database that no other spec has. */
const freshName = (): string => `specs-${(databases += 1)}-${Math.random()}`

unlessEngineLacks('IndexedDB').describe('Storage in IndexedDB', () => {
  let name: string
  let storage: IndexedDbStorage

  beforeEach(() => {
    name = freshName()
    storage = new IndexedDbStorage(name)
  })

  afterEach(async () => {
    await done(indexedDB.deleteDatabase(name))
  })

  /** Opens the database as somebody else in this origin. */
  async function openAsOther(version?: number, upgrade: (database: IDBDatabase) => void = () => undefined) {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => upgrade(request.result)
    return await done(request)
  }

  it('is what a page keeps things in by itself', async () => {
    expect(await webPlatform().storage()).to.be.instanceOf(IndexedDbStorage)
  })

  it('gives back what was written last, to whoever comes later, and nothing after it was removed', async () => {
    expect(await storage.read('guards')).to.equal(undefined)
    await storage.remove('guards')
    await storage.write('guards', bytes(1))
    await storage.write('guards', bytes(2, 3))
    await storage.write('consensus', bytes())
    for (const each of [storage, new IndexedDbStorage(name)]) {
      expect(await each.read('guards')).to.deep.equal(bytes(2, 3))
      expect(await each.read('consensus')).to.deep.equal(bytes())
    }
    await storage.remove('guards')
    expect(await new IndexedDbStorage(name).read('guards')).to.equal(undefined)
  })

  it('keeps 3 MB whole', async () => {
    const long = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) >> 5)
    await storage.write('microdescriptors', long)
    expect(await new IndexedDbStorage(name).read('microdescriptors')).to.deep.equal(long)
  })

  it('keeps what is longer than a piece in pieces, and none stays behind when it gets shorter or goes', async () => {
    const long = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: size }, (_, at) => at * 7919)
    const names = async (): Promise<IDBValidKey[]> => {
      const database = await openAsOther()
      const keys = await done(database.transaction('entries').objectStore('entries').getAllKeys())
      database.close()
      return keys
    }
    const m = 'microdescriptors'
    for (const [size, pieces] of [
      [PIECE_SIZE, []],
      [2 * PIECE_SIZE + 1, [`${m} 0`, `${m} 1`, `${m} 2`]],
      [PIECE_SIZE + 1, [`${m} 0`, `${m} 1`]],
      [7, []],
      [2 * PIECE_SIZE, [`${m} 0`, `${m} 1`]],
    ] as const) {
      await storage.update(m, () => long(size))
      expect(await names()).to.deep.equal([m, ...pieces])
      expect(await storage.read(m)).to.deep.equal(long(size))
    }
    await storage.remove(m)
    expect(await names()).to.deep.equal([])
  })

  it('gives nothing out of pieces of which one is missing, cut or something else, and replaces them', async () => {
    const long = new Uint8Array(PIECE_SIZE + 5)
    for (const wrong of [undefined, bytes(1), 'pieces', new Uint8Array(PIECE_SIZE)]) {
      await storage.write('consensus', long)
      const database = await openAsOther()
      const entries = database.transaction('entries', 'readwrite').objectStore('entries')
      await (wrong === undefined ? done(entries.delete('consensus 1')) : done(entries.put(wrong, 'consensus 1')))
      database.close()
      expect(await rejection(storage.read('consensus'))).to.be.instanceOf(TypeError)
      await storage.write('consensus', long)
      expect((await storage.read('consensus'))?.length).to.equal(long.length)
    }
  })

  it('keeps copies, of the bytes that were shown and no others of their buffer', async () => {
    const buffer = bytes(9, 1, 2, 3, 9)
    await storage.write('guards', buffer.subarray(1, 4))
    buffer.fill(0)
    const read = await storage.read('guards')
    expect(read).to.deep.equal(bytes(1, 2, 3))
    expect(read?.buffer.byteLength).to.equal(3)
    read?.fill(9)
    expect(await storage.read('guards')).to.deep.equal(bytes(1, 2, 3))
  })

  it('keeps a copy of what has its memory to itself, and bytes whatever kind of numbers was given for them', async () => {
    const whole = bytes(1, 2, 3)
    await storage.write('guards', whole)
    whole.fill(9)
    expect(await storage.read('guards')).to.deep.equal(bytes(1, 2, 3))
    await storage.update('guards', () => whole)
    whole.fill(8)
    expect(await storage.read('guards')).to.deep.equal(bytes(9, 9, 9))
    for (const other of [Int8Array.of(1, -1), Uint8ClampedArray.of(1, 255)]) {
      await storage.write('guards', other as unknown as Uint8Array)
      expect(await storage.read('guards')).to.deep.equal(bytes(1, 255))
    }
  })

  it('loses no change of several that change one entry at the same time', async () => {
    const tabs = Array.from({ length: 4 }, () => new IndexedDbStorage(name))
    const words = Array.from({ length: 100 }, (_, at) => `word${at}`)
    const add = async (word: string, at: number): Promise<void> =>
      tabs[at % tabs.length]?.update('guards', (kept) => new TextEncoder().encode(`${text(kept)} ${word}`))
    await Promise.all(words.map(add))
    expect(
      text(await storage.read('guards'))
        .trim()
        .split(' ')
        .sort(),
    ).to.deep.equal([...words].sort())
  })

  it('lets a change see what is there, and writes nothing when it gives the very same', async () => {
    const seen: (Uint8Array | undefined)[] = []
    await storage.update('guards', (kept) => {
      seen.push(kept)
      return bytes(1)
    })
    await storage.update('guards', (kept) => {
      seen.push(kept && new Uint8Array(kept))
      kept?.fill(7)
      return kept as Uint8Array
    })
    expect(seen).to.deep.equal([undefined, bytes(1)])
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
  })

  it('writes nothing of a change that throws, and rejects with what it threw', async () => {
    await storage.write('guards', bytes(1))
    const thrown = new Error('no')
    const change = (): never => {
      throw thrown
    }
    expect(await rejection(storage.update('guards', change))).to.equal(thrown)
    expect(await rejection(storage.update('consensus', change))).to.equal(thrown)
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
    expect(await storage.read('consensus')).to.equal(undefined)
  })

  for (const [what, nonsense] of [
    ['a promise', Promise.resolve(bytes(1))],
    ['a number', 5],
    ['nothing', undefined],
    ['text', 'abc'],
  ] as const) {
    it(`writes nothing when a change gives ${what} in place of bytes`, async () => {
      await storage.write('guards', bytes(1))
      const change = (() => nonsense) as unknown as () => Uint8Array
      expect(await rejection(storage.update('guards', change))).to.be.instanceOf(TypeError)
      expect(await rejection(storage.write('guards', nonsense as unknown as Uint8Array))).to.be.instanceOf(TypeError)
      expect(await storage.read('guards')).to.deep.equal(bytes(1))
    })
  }

  for (const wrong of ['', '.', '../guards', 'a/b', 'A', 'guards.old', 'a b', '-a', 'a\0', '1']) {
    it(`refuses the name ${JSON.stringify(wrong)}`, async () => {
      const acts = [
        storage.read(wrong),
        storage.write(wrong, bytes(1)),
        storage.remove(wrong),
        storage.update(wrong, () => bytes(1)),
      ]
      for (const act of acts) expect(await rejection(act)).to.be.instanceOf(TypeError)
    })
  }

  it('holds up nobody who deletes the database, and works again', async () => {
    await storage.write('guards', bytes(1))
    await done(indexedDB.deleteDatabase(name))
    expect(await storage.read('guards')).to.equal(undefined)
    await storage.write('guards', bytes(2))
    expect(await storage.read('guards')).to.deep.equal(bytes(2))
  })

  it('holds up nobody who upgrades the database, and then fails, and writes nothing into it', async () => {
    await storage.write('guards', bytes(1))
    const later = await openAsOther(2)
    const acts = [
      storage.read('guards'),
      storage.write('guards', bytes(2)),
      storage.remove('guards'),
      storage.update('guards', () => bytes(2)),
    ]
    for (const act of acts) expect(await rejection(act)).to.have.property('name', 'VersionError')
    const kept: unknown = await done(later.transaction('entries').objectStore('entries').get('guards'))
    expect(kept).to.deep.equal(bytes(1))
    later.close()
  })

  it('fails where another has made a database of the name and put nothing into it, and leaves it so', async () => {
    ;(await openAsOther(1)).close()
    expect(await rejection(storage.read('guards'))).to.have.property('name', 'NotFoundError')
    expect(await rejection(storage.write('guards', bytes(1)))).to.have.property('name', 'NotFoundError')
    const other = await openAsOther()
    expect([...other.objectStoreNames]).to.deep.equal([])
    other.close()
  })

  for (const [what, stored] of [
    ['text', 'network-status-version 3'],
    ['null', null],
    ['a buffer', bytes(1).buffer],
    ['a list', [1, 2]],
    ['words of 16 bits', new Uint16Array(2)],
  ] as const) {
    it(`takes ${what} in place of bytes for a failure, not for nothing, and leaves it`, async () => {
      await storage.write('consensus', bytes(1))
      const other = await openAsOther()
      await done(other.transaction('entries', 'readwrite').objectStore('entries').put(stored, 'guards'))
      expect(await rejection(storage.read('guards'))).to.be.instanceOf(TypeError)
      let calls = 0
      const change = (): Uint8Array => bytes((calls += 1))
      expect(await rejection(storage.update('guards', change))).to.be.instanceOf(TypeError)
      expect(calls).to.equal(0)
      const kept: unknown = await done(other.transaction('entries').objectStore('entries').get('guards'))
      expect(kept).to.deep.equal(stored)
      other.close()
    })
  }

  it('is refused in a page that may store nothing, with the word that the browser has for it', async () => {
    const frame = document.createElement('iframe')
    frame.setAttribute('sandbox', 'allow-scripts')
    // Of an opaque origin: it tells what came of it by a message.
    frame.srcdoc = `<script>
      const tell = (name) => parent.postMessage(name, '*')
      try {
        const request = indexedDB.open('x', 1)
        request.onsuccess = () => tell('success')
        request.onerror = () => tell(request.error.name)
      } catch (error) { tell(error.name) }
    </script>`
    const told = new Promise<unknown>((resolve) =>
      addEventListener('message', ({ data }: MessageEvent<unknown>) => resolve(data), { once: true }),
    )
    document.body.append(frame)
    expect(await told).to.equal('SecurityError')
    frame.remove()
  })
})

describe('Storage in a database that fails', () => {
  let clock: FakeClock
  let scripted: ScriptedDatabases
  let storage: IndexedDbStorage

  beforeEach(() => {
    clock = new FakeClock()
    scripted = new ScriptedDatabases()
    storage = new IndexedDbStorage('scripted', { indexedDB: scripted.factory, clock })
  })

  afterEach(() => {
    expect(clock.timers, 'timers that are left').to.equal(0)
  })

  const acts = {
    read: () => storage.read('guards'),
    write: () => storage.write('guards', bytes(1)),
    remove: () => storage.remove('guards'),
    update: () => storage.update('guards', () => bytes(1)),
  }

  it('is TorError STORAGE_UNAVAILABLE where there is none', async () => {
    for (const none of [null, undefined]) {
      const before = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')
      Object.defineProperty(globalThis, 'indexedDB', { value: none, configurable: true, writable: true })
      try {
        storage = new IndexedDbStorage()
        for (const act of Object.values(acts)) expect(await codeOf(act())).to.equal('STORAGE_UNAVAILABLE')
      } finally {
        if (before === undefined) delete (globalThis as { indexedDB?: unknown }).indexedDB
        else Object.defineProperty(globalThis, 'indexedDB', before)
      }
    }
  })

  for (const name of ['SecurityError', 'InvalidStateError', 'UnknownError'] as const) {
    it(`rejects when the very attempt to open it throws ${name}, and tries again the next time`, async () => {
      scripted.onOpen = () => {
        throw new DOMException('denied', name)
      }
      for (const act of Object.values(acts)) expect(await rejection(act())).to.have.property('name', name)
      scripted.onOpen = undefined
      await storage.write('guards', bytes(1))
      expect(await storage.read('guards')).to.deep.equal(bytes(1))
    })
  }

  for (const name of ['QuotaExceededError', 'VersionError', 'InvalidStateError', 'AbortError'] as const) {
    it(`rejects with ${name} when it cannot be opened for that, and tries again the next time`, async () => {
      scripted.onOpen = () => new DOMException('no', name)
      for (const act of Object.values(acts)) expect(await rejection(act())).to.have.property('name', name)
      scripted.onOpen = undefined
      await acts.write()
      expect(await storage.read('guards')).to.deep.equal(bytes(1))
    })
  }

  it('rejects with QuotaExceededError when the disk is full, and keeps what was there', async () => {
    await storage.write('guards', bytes(5))
    scripted.onCommit = () => new DOMException('full', 'QuotaExceededError')
    for (const act of [acts.write, acts.update, acts.remove])
      expect(await rejection(act())).to.have.property('name', 'QuotaExceededError')
    scripted.onCommit = undefined
    expect(await storage.read('guards')).to.deep.equal(bytes(5))
  })

  it('rejects when a transaction is aborted and nobody says why', async () => {
    scripted.onCommit = () => null
    expect(await codeOf(acts.write())).to.equal('STORAGE_UNAVAILABLE')
  })

  it('opens it again, once, when it was closed under us', async () => {
    await storage.write('guards', bytes(1))
    scripted.closeAll()
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
    expect(scripted.opens).to.equal(2)
    scripted.dropAll() // without a word: a transaction throws
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
    expect(scripted.opens).to.equal(3)
    scripted.isAlwaysClosed = true
    expect(await rejection(acts.read())).to.have.property('name', 'InvalidStateError')
    expect(scripted.opens).to.equal(4)
  })

  it('does again what was undone when it was closed in the middle', async () => {
    await storage.write('guards', bytes(1))
    let calls = 0
    scripted.onCommit = () => {
      scripted.onCommit = undefined
      scripted.closeAll()
      return new DOMException('closed', 'AbortError')
    }
    await storage.update('guards', (kept) => bytes(...(kept ?? []), (calls += 1)))
    expect(await storage.read('guards')).to.deep.equal(bytes(1, 2))
  })

  it('closes its connection when somebody wants to upgrade or delete it', async () => {
    await storage.write('guards', bytes(1))
    scripted.announceUpgrade()
    expect(scripted.connections).to.equal(0)
    await acts.read()
    expect(scripted.connections).to.equal(1)
  })

  it('is given up after 5 seconds when it does not open, and then at once, until it does', async () => {
    let open!: () => void
    scripted.onOpen = () => new Promise<undefined>((resolve) => (open = () => resolve(undefined)))
    const waiting = Object.values(acts).map((act) => codeOf(act()))
    await turn()
    clock.advance(4_999)
    expect(await Promise.race([...waiting, turn(3).then(() => 'waits')])).to.equal('waits')
    clock.advance(1)
    expect(await Promise.all(waiting)).to.deep.equal(Array<string>(4).fill('STORAGE_UNAVAILABLE'))
    for (const act of Object.values(acts)) expect(await codeOf(act())).to.equal('STORAGE_UNAVAILABLE')
    expect(scripted.opens).to.equal(1)
    open()
    await turn(3)
    expect(scripted.commits, 'nothing is done late').to.equal(0)
    scripted.onOpen = undefined
    await acts.write()
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
  })

  it('undoes what takes longer than 5 seconds, and is not asked meanwhile', async () => {
    await storage.write('guards', bytes(1))
    let commit!: () => void
    scripted.onCommit = () => new Promise<undefined>((resolve) => (commit = () => resolve(undefined)))
    const writing = codeOf(storage.write('guards', bytes(2)))
    await turn(3)
    clock.advance(5_000)
    expect(await writing).to.equal('STORAGE_UNAVAILABLE')
    scripted.onCommit = undefined
    commit()
    await turn(3)
    expect(await storage.read('guards')).to.deep.equal(bytes(1))
  })
})
