/** Processes of their own on the same files, of the runtime that runs this spec. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { FileStorage } from '../../../lib/platform/storage/file-storage.ts'
import { engine } from '../../support/engines.ts'

const worker = fileURLToPath(new URL('./file-storage.worker.js', import.meta.url))
const KILLS = 30

describe('FileStorage of several processes', function () {
  let directory: string
  const running = new Set<ChildProcess>()

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-storage-'))
  })

  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  function start(...args: readonly string[]): ChildProcess {
    const run = engine === 'deno' ? ['run', '-A', worker] : [worker]
    const child = spawn(process.execPath, [...run, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.add(child)
    child.on('close', () => running.delete(child))
    return child
  }

  it('has the old entry or the new one, whole, whenever a writer is killed, and goes on', async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start('fill', directory)
      // Once it writes, in the middle of whatever it is doing then.
      let heard = 0
      while (heard <= kill % 7) {
        const [text] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Uint8Array]
        heard += text.length
      }
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
      const bytes = (await new FileStorage(directory).read('guards')) as Uint8Array
      expect(bytes.length).to.equal(200_000)
      expect(bytes.every((byte) => byte === bytes[0])).to.equal(true)
      // A lock that it may have left is in nobody's way.
      await new FileStorage(directory).write('guards', new Uint8Array([kill]))
      expect(await new FileStorage(directory).read('guards')).to.deep.equal(new Uint8Array([kill]))
    }
    // What it has left behind goes once it is old.
    const past = new Date(Date.now() - 2 * 3_600_000)
    for (const name of await readdir(directory)) await utimes(join(directory, name), past, past)
    await new FileStorage(directory).write('consensus', new Uint8Array([1]))
    expect((await readdir(directory)).sort()).to.deep.equal(['consensus', 'guards'])
  })

  it('loses no change of any process, of three that change the same entry at the same time', async () => {
    const children = ['a', 'b', 'c'].map((own) => start('add', directory, own))
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0] as number))
    expect(codes).to.deep.equal([0, 0, 0])
    const words = (await readFile(join(directory, 'guards'), 'utf8')).split(' ')
    const all = ['a', 'b', 'c'].flatMap((own) => Array.from({ length: 30 }, (_, word) => `${own}${word}`))
    expect(words).to.have.members(all)
    for (const own of ['a', 'b', 'c'])
      expect(words.filter((word) => word.startsWith(own))).to.deep.equal(all.filter((word) => word.startsWith(own)))
    expect(await readdir(directory)).to.deep.equal(['guards'])
  })

  it('takes over at once from a process that was killed while it had the lock', async () => {
    const child = start('add', directory, 'a')
    await once(child, 'close')
    await writeFile(join(directory, 'guards.lock'), `${hostname()} ${child.pid} ${crypto.randomUUID()}`)
    await new FileStorage(directory).write('guards', new Uint8Array([7]))
    expect(await readdir(directory)).to.deep.equal(['guards'])
    expect([...(await readFile(join(directory, 'guards')))]).to.deep.equal([7])
  })
})
