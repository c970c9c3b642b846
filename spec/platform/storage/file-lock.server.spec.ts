import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect } from 'chai'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { withFileLock } from '../../../lib/platform/storage/file-lock.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'

describe('A lock among processes', () => {
  let directory: string
  let path: string
  /** How often somebody waited, and what happens then. */
  let waits: number
  let whileWaiting: (waits: number) => Promise<void> | void

  const wait = async (): Promise<void> => {
    waits += 1
    await whileWaiting(waits)
  }
  const work = (): Promise<string> => Promise.resolve('done')

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-lock-'))
    path = join(directory, 'guards.lock')
    waits = 0
    whileWaiting = () => undefined
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('is there while the work is done, and gone after it, also when that fails', async () => {
    await withFileLock(path, async () => expect(await readdir(directory)).to.deep.equal(['guards.lock']), wait)
    const failure = new Error('no')
    expect(await rejection(withFileLock(path, () => Promise.reject(failure), wait))).to.equal(failure)
    expect(await readdir(directory)).to.deep.equal([])
    expect(await withFileLock(path, work, wait)).to.equal('done')
    expect(waits).to.equal(0)
  })

  it('is had by one after the other of this process, in turn and without waiting', async () => {
    const gate = deferred<undefined>()
    const order: number[] = []
    const all = [0, 1, 2, 3].map((each) =>
      withFileLock(
        path,
        async () => {
          if (each === 0) await gate.promise
          order.push(each)
          if (each === 1) throw new Error('no')
        },
        wait,
      ).catch(() => undefined),
    )
    gate.resolve(undefined)
    await Promise.all(all)
    expect(order).to.deep.equal([0, 1, 2, 3])
    expect(waits).to.equal(0)
  })

  it("is waited for while it is another's, and had as soon as it is given back", async () => {
    await writeFile(path, `elsewhere 1 ${crypto.randomUUID()}`)
    whileWaiting = (count) => (count === 5 ? rm(path) : undefined)
    expect(await withFileLock(path, work, wait)).to.equal('done')
    expect(waits).to.equal(5)
  })

  for (const [what, text] of [
    ['of another machine', 'elsewhere 1 7'],
    ['of nobody', ''],
    ['of a process of this number', `${process.pid}`],
    ['that is none', 'a b c\nd \u0000'],
  ] as const) {
    it(`does not outlive a crash: one ${what} is taken over when it has not changed for long`, async () => {
      await writeFile(path, text)
      expect(await withFileLock(path, work, wait)).to.equal('done')
      expect(waits).to.equal(150)
      expect(await readdir(directory)).to.deep.equal([])
    })
  }

  it('is not taken over from a process of this machine that lives, whose disk is slow', async () => {
    const own = `${hostname()} ${process.pid} ${crypto.randomUUID()}`
    await writeFile(path, own)
    expect(await rejection(withFileLock(path, work, wait))).to.include({ code: 'STORAGE_BUSY' })
    expect(waits).to.equal(300)
    expect(await readFile(path, 'utf8')).to.equal(own)
  })

  it('is taken over from a process of this machine whose number is that of another by now, a minute later', async () => {
    await writeFile(path, `${hostname()} ${process.pid} ${crypto.randomUUID()}`)
    const past = new Date(Date.now() - 61_000)
    await utimes(path, past, past)
    expect(await withFileLock(path, work, wait)).to.equal('done')
    expect(waits).to.equal(150)
  })

  it('is not taken over from others who have it by turns: then it is not had at all', async () => {
    whileWaiting = (count) => writeFile(path, `elsewhere ${count} 7`)
    await writeFile(path, 'elsewhere 0 7')
    expect(await rejection(withFileLock(path, work, wait))).to.include({ code: 'STORAGE_BUSY' })
    expect(await readFile(path, 'utf8')).to.match(/^elsewhere \d+ 7$/)
  })

  it('tells who had it that another has taken it over, and leaves that one its lock', async () => {
    const failure = await rejection(
      withFileLock(
        path,
        async ({ assertHeld }) => {
          await assertHeld()
          await writeFile(path, 'another')
          await assertHeld()
        },
        wait,
      ),
    )
    expect(failure).to.include({ code: 'STORAGE_BUSY' })
    expect(await readFile(path, 'utf8')).to.equal('another')
  })

  it('fails with what the system says when it cannot be made', async () => {
    const nowhere = join(directory, 'none', 'guards.lock')
    expect(await rejection(withFileLock(nowhere, work, wait))).to.include({ code: 'ENOENT' })
  })
})
