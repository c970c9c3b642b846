/**
 * The storage of Node, Deno and Bun, loaded when it is first needed: what it is made of is nothing for a web page.
 *
 * @module
 */
import type { Storage } from './storage.ts'

/** Files in the user's cache, or in a folder beside them for what is kept apart. */
export async function nativeStorage(place?: string): Promise<Storage> {
  const { cacheDirectory, FileStorage } = await import('./file-storage.ts')
  return new FileStorage(place === undefined ? cacheDirectory() : `${cacheDirectory()}-${place}`)
}
