/**
 * A lock among processes: a file that only one of them can make. It is held for the time of one small write, and does
 * not outlive a crash: of the same machine, one whose process has ended counts for nothing, and one whose process lives is waited
 * for, as its disk may be slow, unless it is old: the process may be another by then; any other does not count once it has been
 * seen unchanged for longer than a write takes.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { codeOf, files, runningProcess, system } from './node-files.ts'

/** How long to wait before looking again, in ms; after how many looks at the same lock it is taken to be abandoned. */
const PAUSE = 20
const LOOKS_UNTIL_ABANDONED = 150
/** How often to look in all: less than a client's patience with its storage. */
const MAX_LOOKS = 300
/** From which age on a lock is not believed to be of the process that has its number, in ms. */
const OLD = 60_000
const FILE_MODE = 0o600

/** A lock that is held. */
export interface FileLock {
  /** Fails when another has taken the lock to be abandoned: nothing may be written any more. */
  assertHeld(): Promise<void>
}

/** By path: the last of this process that wants the lock. Those of one process take turns without looking. */
const queues = new Map<string, Promise<unknown>>()

/**
 * Does `work` while nobody else has the lock of this path.
 *
 * @param path - the file that is the lock; its directory is there
 * @param wait - resolves after some ms
 * @throws TorError `STORAGE_BUSY` when others hold it for too long; what `work` throws; what the system says
 */
export async function withFileLock<T>(
  path: string,
  work: (lock: FileLock) => Promise<T>,
  wait: (ms: number) => Promise<void> = pause,
): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(() => locked(path, work, wait))
  const done = turn.then(nothing, nothing)
  queues.set(path, done)
  try {
    return await turn
  } finally {
    if (queues.get(path) === done) queues.delete(path)
  }
}

async function locked<T>(
  path: string,
  work: (lock: FileLock) => Promise<T>,
  wait: (ms: number) => Promise<void>,
): Promise<T> {
  const own = `${hostname()} ${runningProcess().pid} ${crypto.randomUUID()}`
  await acquire(path, own, wait)
  const assertHeld = async (): Promise<void> => {
    if ((await holderOf(path)) !== own) throw new TorError('STORAGE_BUSY', 'another process took over the storage')
  }
  try {
    return await work({ assertHeld })
  } finally {
    if ((await holderOf(path)) === own) await files().rm(path, { force: true })
  }
}

async function acquire(path: string, own: string, wait: (ms: number) => Promise<void>): Promise<void> {
  let seen: string | undefined
  let looks = 0
  for (let look = 0; look < MAX_LOOKS; look++) {
    if (await make(path, own)) return
    const holder = await holderOf(path)
    looks = holder === seen ? looks + 1 : 0
    seen = holder
    if (holder === undefined) continue // it was given back just now
    const life = lifeOf(holder)
    const isAbandoned =
      life === 'ended' || (looks >= LOOKS_UNTIL_ABANDONED && (life === 'unknown' || (await isOld(path))))
    if (isAbandoned) await takeAway(path, holder)
    else await wait(PAUSE)
  }
  throw new TorError('STORAGE_BUSY', 'other processes hold the storage')
}

/** Makes the file of the lock; false when there is one. */
async function make(path: string, own: string): Promise<boolean> {
  let handle
  try {
    handle = await files().open(path, 'wx', FILE_MODE)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await handle.writeFile(new TextEncoder().encode(own))
    return true
  } catch (error) {
    await files().rm(path, { force: true }) // the disk is full: nobody else should have to wait
    throw error
  } finally {
    await handle.close()
  }
}

/** What the lock says of its holder, which is nothing while it is being made; undefined when nobody holds it. */
async function holderOf(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await files().readFile(path))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the holder, a process of this machine, is still there. */
function lifeOf(holder: string): 'alive' | 'ended' | 'unknown' {
  const [host, pid] = holder.split(' ')
  if (host !== hostname() || pid === undefined || !/^[1-9]\d{0,9}$/.test(pid)) return 'unknown'
  try {
    runningProcess().kill(Number(pid), 0)
    return 'alive'
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ESRCH') return 'ended'
    return code === 'EPERM' ? 'alive' : 'unknown' // another user's, or this runtime may not ask
  }
}

/** True when the lock was made long ago, by whatever clock there is now. */
async function isOld(path: string): Promise<boolean> {
  try {
    return Math.abs(Date.now() - (await files().lstat(path)).mtimeMs) > OLD
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false // it was given back just now
    throw error
  }
}

/** Takes away a lock that is abandoned, unless it has become another's meanwhile: that one gets it back. */
async function takeAway(path: string, abandoned: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`
  try {
    await files().rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return // another did it
    throw error
  }
  try {
    if ((await holderOf(aside)) !== abandoned) await files().link(aside, path)
  } catch (error) {
    // Where a third made its own meanwhile, or there are no links, the holder finds that it has lost the lock.
    if (codeOf(error) === undefined) throw error
  } finally {
    await files().rm(aside, { force: true })
  }
}

/** Containers that share a directory have numbers of processes of their own. */
function hostname(): string {
  try {
    return system().hostname().replaceAll(/\s/g, '')
  } catch {
    return '' // Deno without the permission: then only time tells.
  }
}

const nothing = (): undefined => undefined
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
