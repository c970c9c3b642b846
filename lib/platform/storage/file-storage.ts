/**
 * Storage as a directory of files, for Node, Deno and Bun.
 *
 * @module
 */
import { builtinModule } from '../runtime/builtin.ts'
import type { Storage } from './storage.ts'

/** What is used of `node:fs/promises`. */
interface FileModule {
  mkdir(path: string, options: { recursive: boolean; mode: number }): Promise<unknown>
  chmod(path: string, mode: number): Promise<void>
  readFile(path: string): Promise<Uint8Array>
  writeFile(path: string, bytes: Uint8Array, options: { mode: number }): Promise<void>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { force: boolean }): Promise<void>
}

/** What is used of `node:path`. */
interface PathModule {
  join(...parts: string[]): string
}

const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
const NAME = /^[a-z][a-z-]*$/

/**
 * Files in one directory, which only the user can read. A write goes to a file of its own first, then takes the name.
 */
export class FileStorage implements Storage {
  readonly #directory: string

  /** @param directory - the path; made when something is written, and set to be the user's alone */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** The bytes under `name`, or undefined when there is no such file. */
  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await files().readFile(this.#path(name))
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * Replaces the file.
   *
   * @throws TypeError when `name` is none, or what the system says
   */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name)
    await files().mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE })
    await files().chmod(this.#directory, DIRECTORY_MODE)
    // Another process may write the same entry at the same time: each has a file of its own until it renames it.
    const own = `${path}.${crypto.randomUUID()}`
    try {
      await files().writeFile(own, bytes, { mode: FILE_MODE })
      await files().rename(own, path)
    } catch (error) {
      await files().rm(own, { force: true })
      throw error
    }
  }

  /** Removes the file. */
  async remove(name: string): Promise<void> {
    await files().rm(this.#path(name), { force: true })
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new TypeError(`Cannot store under the name ${JSON.stringify(name)}`)
    return paths().join(this.#directory, name)
  }
}

const files = (): FileModule => builtinModule<FileModule>('node:fs/promises')
const paths = (): PathModule => builtinModule<PathModule>('node:path')

/** Where a user's cache for this library is: `$XDG_CACHE_HOME/tor-streams`, else `~/.cache/tor-streams`. */
export function cacheDirectory(): string {
  const { env } = builtinModule<{ env: Record<string, string | undefined> }>('node:process')
  const home = builtinModule<{ homedir(): string }>('node:os').homedir()
  const configured = env['XDG_CACHE_HOME']
  // The standard has relative paths ignored.
  const base = configured?.startsWith('/') ? configured : paths().join(home, '.cache')
  return paths().join(base, 'tor-streams')
}
