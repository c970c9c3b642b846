/**
 * Storage as a directory of files, for Node, Deno and Bun.
 *
 * @module
 */
import { withFileLock } from './file-lock.ts'
import { codeOf, files, paths, runningProcess, system } from './node-files.ts'
import { isPrivateDirectory, makePrivateDirectory, syncDirectory } from './private-directory.ts'
import { checkStorageName } from './storage-name.ts'
import type { Storage } from './storage.ts'

const FILE_MODE = 0o600

/** What a write, or taking away a lock, leaves behind when its process is killed. */
const LEFT_OVER = /^[a-z][a-z-]*(\.lock)?\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** From which age on nobody is still writing it, in ms. */
const LEFT_OVER_AGE = 3_600_000

/**
 * Files in one directory, which only the user can read. A write goes to a file of its own first, which takes the name
 * once it is on the disk. Processes that share the directory change it one after the other.
 *
 * A directory that another user owns, that others can write to, or that is a symbolic link is refused: every method
 * rejects with TorError `STORAGE_UNSAFE`. Such a client goes on in memory and says so in `status.warnings`.
 */
export class FileStorage implements Storage {
  readonly #directory: string
  #isTidy = false

  /** @param directory - the path; made when something is written, and set to be the user's alone */
  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * The bytes under `name`, or undefined when there is no such file.
   *
   * @throws TypeError when `name` is none; TorError `STORAGE_UNSAFE`; or what the system says
   */
  async read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#path(name)
    return (await isPrivateDirectory(this.#resolved)) ? await readIfThere(path) : undefined
  }

  /**
   * Replaces the file.
   *
   * @throws TypeError when `name` is none; TorError `STORAGE_UNSAFE`, `STORAGE_BUSY`; or what the system says
   */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#change(name, () => bytes)
  }

  /**
   * Replaces the file by what `change` makes of it, while no other process changes it.
   *
   * @throws as {@link write}, and what `change` throws
   */
  async update(name: string, change: (bytes: Uint8Array | undefined) => Uint8Array): Promise<void> {
    await this.#change(name, async (path) => {
      const bytes = await readIfThere(path)
      const changed = change(bytes)
      return changed === bytes ? undefined : changed
    })
  }

  /**
   * Removes the file.
   *
   * @throws as {@link write}
   */
  async remove(name: string): Promise<void> {
    const path = this.#path(name)
    if (!(await isPrivateDirectory(this.#resolved))) return
    await withFileLock(`${path}.lock`, () => files().rm(path, { force: true }))
  }

  /** Replaces a file by what `bytesFor` gives; leaves it when that is undefined. */
  async #change(name: string, bytesFor: (path: string) => Promise<Uint8Array | undefined> | Uint8Array): Promise<void> {
    const path = this.#path(name)
    await makePrivateDirectory(this.#resolved)
    await this.#tidy()
    await withFileLock(`${path}.lock`, async ({ assertHeld }) => {
      const bytes = await bytesFor(path)
      if (bytes !== undefined) await replace(path, bytes, assertHeld)
    })
  }

  /** Removes, once, what processes that were killed have left behind. */
  async #tidy(): Promise<void> {
    if (this.#isTidy) return
    this.#isTidy = true
    for (const name of await files().readdir(this.#resolved)) {
      if (LEFT_OVER.test(name)) await removeIfOld(paths().join(this.#resolved, name))
    }
  }

  #path(name: string): string {
    checkStorageName(name)
    return paths().join(this.#resolved, name)
  }

  /** Without a slash at its end, which would hide that it is a link. */
  get #resolved(): string {
    return paths().resolve(this.#directory)
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await files().readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whenever this ends, by force too, there is the old file or the new one, whole, and after it the new one. */
async function replace(path: string, bytes: Uint8Array, assertHeld: () => Promise<void>): Promise<void> {
  const own = `${path}.${crypto.randomUUID()}`
  try {
    const handle = await files().open(own, 'wx', FILE_MODE)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await assertHeld()
    await files().rename(own, path)
  } catch (error) {
    await files().rm(own, { force: true })
    throw error
  }
  await syncDirectory(paths().dirname(path))
}

async function removeIfOld(path: string): Promise<void> {
  try {
    if (Date.now() - (await files().lstat(path)).mtimeMs > LEFT_OVER_AGE) await files().rm(path, { force: true })
  } catch (error) {
    if (codeOf(error) === undefined) throw error // It was renamed meanwhile, or cannot be removed: it does no harm.
  }
}

/** Where a user's cache for this library is: `$XDG_CACHE_HOME/tor-streams`, else `~/.cache/tor-streams`. */
export function cacheDirectory(): string {
  const configured = runningProcess().env['XDG_CACHE_HOME']
  // The standard has relative paths ignored.
  const base = configured?.startsWith('/') ? configured : paths().join(system().homedir(), '.cache')
  return paths().join(base, 'tor-streams')
}
