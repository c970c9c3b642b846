/**
 * The storage of Node, Deno and Bun, loaded when it is first needed: what it is made of is nothing for a web page.
 *
 * @module
 */
import type { Storage } from './storage.ts'

/** Files in the user's cache. */
export async function nativeStorage(): Promise<Storage> {
  const { cacheDirectory, FileStorage } = await import('./file-storage.ts')
  return new FileStorage(cacheDirectory())
}
