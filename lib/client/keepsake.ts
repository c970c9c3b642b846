/**
 * What a client keeps from one run to the next, as text. Storage that fails, or holds something else than was put there, only
 * costs the time to fetch it again.
 *
 * @module
 */
import type { Storage } from '../platform/storage.ts'

/** What is kept. */
export type KeptName = 'consensus' | 'certificates' | 'microdescriptors' | 'guards'

export class Keepsake {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Hands what is kept under `name`, if anything, to `take`. When that throws the entry is no good, and dropped. */
  async use(name: KeptName, take: (text: string) => Promise<unknown> | void): Promise<void> {
    try {
      const bytes = await this.#storage.read(name)
      if (bytes === undefined) return
      await take(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch {
      await this.#storage.remove(name).catch(() => undefined) // a store that does not work at all holds nothing back
    }
  }

  /** Keeps `text` under `name`, if the storage works. */
  async keep(name: KeptName, text: string): Promise<void> {
    await this.#storage.write(name, new TextEncoder().encode(text)).catch(() => undefined) // the next run fetches it again
  }
}
