/**
 * The texts of the documents that a directory was made of, as they are kept.
 *
 * @module
 */
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import type { ClientStore } from '../bootstrap/client-store.ts'
import type { KeptName } from '../bootstrap/storage-warnings.ts'

/** A store that remembers what was last read from it or written to it. */
export class KeptTexts implements Pick<ClientStore, 'use' | 'useBytes' | 'keep'> {
  readonly #store: Pick<ClientStore, 'use' | 'useBytes' | 'keep'>
  readonly #texts = new Map<KeptName, string | Uint8Array>()

  constructor(store: Pick<ClientStore, 'use' | 'useBytes' | 'keep'>) {
    this.#store = store
  }

  /** The documents; none as long as one is missing. */
  get snapshot(): DirectorySnapshot | undefined {
    const [consensus, certificates, microdescriptors] = (
      ['consensus', 'certificates', 'microdescriptors'] as const
    ).map((name) => {
      const kept = this.#texts.get(name)
      return typeof kept === 'object' ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept) : kept
    })
    if (consensus === undefined || certificates === undefined || microdescriptors === undefined) return undefined
    return { consensus, certificates, microdescriptors }
  }

  use(name: KeptName, take: (text: string) => Promise<unknown> | void): Promise<void> {
    return this.#store.use(name, (text) => this.#use(name, text, take))
  }

  useBytes(name: KeptName, take: (bytes: Uint8Array) => Promise<unknown> | void): Promise<void> {
    return this.#store.useBytes(name, (bytes) => this.#use(name, bytes, take))
  }

  keep(name: KeptName, content: string | Uint8Array): Promise<boolean> {
    this.#texts.set(name, content)
    return this.#store.keep(name, content)
  }

  async #use<T extends string | Uint8Array>(
    name: KeptName,
    content: T,
    take: (content: T) => Promise<unknown> | void,
  ): Promise<void> {
    this.#texts.set(name, content) // before it is taken: whoever is told of the directory asks for its texts
    try {
      await take(content)
    } catch (error) {
      this.#texts.delete(name)
      throw error
    }
  }
}
