import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect } from 'chai'
import { cacheDirectory, FileStorage } from '../../../lib/platform/storage/file-storage.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'

/** The permissions of a file or directory. */
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  ((await rejection(promise)) as { code?: string }).code

describe('FileStorage', () => {
  let base: string
  let directory: string
  let storage: FileStorage

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'tor-streams-storage-'))
    directory = join(base, 'a', 'b')
    storage = new FileStorage(directory)
  })

  afterEach(() => rm(base, { recursive: true, force: true }))

  it('gives back what was written last, to another storage of the same directory too', async () => {
    await storage.write('guards', new Uint8Array([1]))
    await storage.write('guards', new Uint8Array([2, 3]))
    for (const each of [storage, new FileStorage(directory)])
      expect([...((await each.read('guards')) ?? [])]).to.deep.equal([2, 3])
    await storage.remove('guards')
    expect(await storage.read('guards')).to.equal(undefined)
  })

  it('has nothing and makes nothing before something is written', async () => {
    expect(await storage.read('guards')).to.equal(undefined)
    await storage.remove('guards')
    expect(await readdir(base)).to.deep.equal([])
  })

  it('lets nobody else look: directory 0700, files 0600, whatever was there before', async () => {
    await mkdir(directory, { recursive: true, mode: 0o755 })
    await writeFile(join(directory, 'guards'), 'old', { mode: 0o644 })
    await storage.write('guards', new Uint8Array([1]))
    await storage.write('consensus', new Uint8Array([1]))
    expect(await modeOf(directory)).to.equal(0o700)
    for (const name of ['guards', 'consensus']) expect(await modeOf(join(directory, name))).to.equal(0o600)
  })

  it('replaces a file as a whole: who reads meanwhile sees the old bytes or the new ones', async () => {
    const size = 300_000
    await storage.write('consensus', new Uint8Array(size).fill(1))
    let writing = true
    const reading = (async () => {
      const seen = new Set<number>()
      while (writing) {
        const bytes = (await new FileStorage(directory).read('consensus')) as Uint8Array
        expect(bytes.length).to.equal(size)
        expect(bytes.every((byte) => byte === bytes[0])).to.equal(true)
        seen.add(bytes[0] as number)
      }
      return seen
    })()
    for (let round = 2; round < 12; round++) await storage.write('consensus', new Uint8Array(size).fill(round))
    writing = false
    expect((await reading).size).to.be.above(0)
    expect(await readdir(directory)).to.deep.equal(['consensus'])
  })

  it('bears several writers at a time, and leaves nothing of them but one file', async () => {
    const storages = [storage, new FileStorage(directory), new FileStorage(directory)]
    const writes = storages.flatMap((each, index) =>
      [1, 2, 3].map((round) => each.write('guards', new Uint8Array(50_000).fill(10 * index + round))),
    )
    await Promise.all(writes)
    const bytes = await readFile(join(directory, 'guards'))
    expect(bytes.length).to.equal(50_000)
    expect(bytes.every((byte) => byte === bytes[0])).to.equal(true)
    expect(await readdir(directory)).to.deep.equal(['guards'])
  })

  it("does not follow a link that somebody put in a file's place", async () => {
    const elsewhere = join(base, 'elsewhere')
    await writeFile(elsewhere, 'untouched')
    await mkdir(directory, { recursive: true })
    await symlink(elsewhere, join(directory, 'guards'))
    await storage.write('guards', new Uint8Array([1, 2]))
    expect(await readFile(elsewhere, 'utf8')).to.equal('untouched')
    expect([...((await storage.read('guards')) ?? [])]).to.deep.equal([1, 2])
  })

  it('changes an entry by what is there, and writes nothing when that stays as it is', async () => {
    await storage.update('guards', (bytes) => {
      expect(bytes).to.equal(undefined)
      return new Uint8Array([1])
    })
    await storage.update('guards', (bytes) => new Uint8Array([...(bytes ?? []), 2]))
    expect([...((await storage.read('guards')) ?? [])]).to.deep.equal([1, 2])
    const { ino } = await stat(join(directory, 'guards'))
    await storage.update('guards', (bytes) => bytes as Uint8Array)
    expect((await stat(join(directory, 'guards'))).ino).to.equal(ino)
    const failure = new Error('no')
    const failing = storage.update('guards', () => {
      throw failure
    })
    expect(await rejection(failing)).to.equal(failure)
    expect([...((await storage.read('guards')) ?? [])]).to.deep.equal([1, 2])
    expect(await readdir(directory)).to.deep.equal(['guards'])
  })

  it('loses no change of any of several storages of the same directory', async () => {
    const storages = [storage, new FileStorage(directory), new FileStorage(`${directory}/`)]
    const changes = storages.flatMap((each, index) =>
      [1, 2, 3, 4].map((round) =>
        each.update('guards', (bytes) => new Uint8Array([...(bytes ?? []), 10 * index + round])),
      ),
    )
    await Promise.all(changes)
    const bytes = [...((await storage.read('guards')) ?? [])]
    expect(bytes.sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24])
  })

  it('does not change what it cannot read', async () => {
    await mkdir(join(directory, 'guards', 'occupied'), { recursive: true })
    await rejection(storage.update('guards', () => expect.fail('it is not known what is there')))
    expect(await readdir(directory)).to.deep.equal(['guards'])
  })

  it('removes what killed processes have left behind, once it is old, and nothing else', async () => {
    await mkdir(directory, { recursive: true })
    const uuid = '01234567-89ab-cdef-0123-456789abcdef'
    const leftOver = [`guards.${uuid}`, `consensus.lock.${uuid}`]
    const others = [`Guards.${uuid}`, `guards.${uuid}.more`, 'guards.old', 'notes', `microdescriptors.${uuid}`]
    for (const name of [...leftOver, ...others]) await writeFile(join(directory, name), 'text')
    const past = new Date(Date.now() - 2 * 3_600_000)
    for (const name of [...leftOver, ...others.slice(0, -1)]) await utimes(join(directory, name), past, past)
    await storage.write('guards', new Uint8Array([1]))
    expect((await readdir(directory)).sort()).to.deep.equal([...others, 'guards'].sort())
  })

  describe("refuses a directory that is not only the user's:", () => {
    const unsafe: Readonly<Record<string, { prepare: () => Promise<string>; says: RegExp }>> = {
      'one that its group can write to': {
        prepare: async () => {
          await mkdir(directory, { recursive: true })
          await chmod(directory, 0o770)
          return directory
        },
        says: /can be written to by other users$/,
      },
      'one that everybody can write to': {
        prepare: async () => {
          await mkdir(directory, { recursive: true })
          await chmod(directory, 0o1777)
          return directory
        },
        says: /can be written to by other users$/,
      },
      'a symbolic link': {
        prepare: async () => {
          await mkdir(directory, { recursive: true, mode: 0o700 })
          await symlink(directory, join(base, 'link'))
          return join(base, 'link')
        },
        says: /is a symbolic link$/,
      },
      'a symbolic link with a slash behind it': {
        prepare: async () => {
          await mkdir(directory, { recursive: true, mode: 0o700 })
          await symlink(directory, join(base, 'link'))
          return join(base, 'link/')
        },
        says: /is a symbolic link$/,
      },
      'a symbolic link to nowhere': {
        prepare: async () => {
          await symlink(join(base, 'nowhere'), join(base, 'link'))
          return join(base, 'link')
        },
        says: /is a symbolic link$/,
      },
      "another user's": {
        prepare: async () => {
          if (process.geteuid?.() !== 0) return '/usr' // root's
          await mkdir(directory, { recursive: true, mode: 0o700 })
          await chown(directory, 65534, 65534)
          return directory
        },
        says: /belongs to another user$/,
      },
    }
    for (const [what, { prepare, says }] of Object.entries(unsafe)) {
      it(what, async () => {
        const place = await prepare()
        const before = (await readdir(base, { recursive: true })).sort()
        const refusing = new FileStorage(place)
        const acts = [
          () => refusing.read('guards'),
          () => refusing.write('guards', new Uint8Array(1)),
          () => refusing.update('guards', () => new Uint8Array(1)),
          () => refusing.remove('guards'),
        ]
        for (const act of acts) {
          const error = await rejection(act())
          expect(error).to.include({ code: 'STORAGE_UNSAFE' })
          expect((error as Error).message)
            .to.match(says)
            .and.not.include(base)
        }
        expect((await readdir(base, { recursive: true })).sort()).to.deep.equal(before)
      })
    }

    it('but not one above it, as C tor', async () => {
      await mkdir(join(base, 'a'))
      await chmod(join(base, 'a'), 0o777)
      await storage.write('guards', new Uint8Array([1]))
      await symlink(join(base, 'a'), join(base, 'link'))
      expect([...((await new FileStorage(join(base, 'link', 'b')).read('guards')) ?? [])]).to.deep.equal([1])
    })
  })

  it('works again when its directory was taken away meanwhile', async () => {
    await storage.write('guards', new Uint8Array([1]))
    await rm(directory, { recursive: true })
    expect(await storage.read('guards')).to.equal(undefined)
    await storage.write('guards', new Uint8Array([2]))
    expect([...((await storage.read('guards')) ?? [])]).to.deep.equal([2])
  })

  it("fails, and works again, when something else is in its directory's place", async () => {
    await writeFile(join(base, 'a'), 'a file')
    expect(await codeOf(storage.write('guards', new Uint8Array([1])))).to.be.oneOf(['ENOTDIR', 'EEXIST'])
    expect(await codeOf(storage.read('guards'))).to.equal('ENOTDIR')
    await rm(join(base, 'a'))
    await storage.write('guards', new Uint8Array([2]))
    expect([...((await storage.read('guards')) ?? [])]).to.deep.equal([2])
  })

  it('fails and leaves no file behind when it cannot take the name', async () => {
    await mkdir(join(directory, 'guards', 'occupied'), { recursive: true })
    await rejection(storage.write('guards', new Uint8Array([1])))
    expect(await readdir(directory)).to.deep.equal(['guards'])
    await rejection(storage.read('guards'))
  })

  for (const name of [
    '',
    '.',
    '..',
    '../guards',
    'a/b',
    'a\\b',
    'A',
    'guards.old',
    'a b',
    '-a',
    'a\0',
    'gu\u0430rds',
  ]) {
    it(`refuses the name ${JSON.stringify(name)}`, async () => {
      for (const promise of [
        storage.read(name),
        storage.write(name, new Uint8Array(1)),
        storage.remove(name),
        storage.update(name, () => new Uint8Array(1)),
      ]) {
        expect(await rejection(promise)).to.be.instanceOf(TypeError)
      }
      expect(await readdir(base)).to.deep.equal([])
    })
  }
})

describe('cacheDirectory', () => {
  const { XDG_CACHE_HOME: before } = process.env

  afterEach(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
  })

  it('is where the system says that caches are, if that is an absolute path', () => {
    process.env['XDG_CACHE_HOME'] = '/somewhere/caches'
    expect(cacheDirectory()).to.equal('/somewhere/caches/tor-streams')
    for (const none of ['', 'relative/path']) {
      process.env['XDG_CACHE_HOME'] = none
      expect(cacheDirectory()).to.equal(join(homedir(), '.cache', 'tor-streams'))
    }
    delete process.env['XDG_CACHE_HOME']
    expect(cacheDirectory()).to.equal(join(homedir(), '.cache', 'tor-streams'))
  })
})
