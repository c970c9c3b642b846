/**
 * The texts of the documents that a directory was made of, as they are kept.
 *
 * @module
 */
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import type { ClientStore } from '../bootstrap/client-store.ts'
import type { KeptName } from '../bootstrap/storage-warnings.ts'

/** A store that remembers what was last read from it or written to it. */
export class KeptTexts implements Pick<ClientStore, 'use' | 'keep'> {
  readonly #store: Pick<ClientStore, 'use' | 'keep'>
  readonly #texts = new Map<KeptName, string>()

  constructor(store: Pick<ClientStore, 'use' | 'keep'>) {
    this.#store = store
  }

  /** The documents; none as long as one is missing. */
  get snapshot(): DirectorySnapshot | undefined {
    const [consensus, certificates, microdescriptors] = (
      ['consensus', 'certificates', 'microdescriptors'] as const
    ).map((name) => this.#texts.get(name))
    if (consensus === undefined || certificates === undefined || microdescriptors === undefined) return undefined
    return { consensus, certificates, microdescriptors }
  }

  use(name: KeptName, take: (text: string) => Promise<unknown> | void): Promise<void> {
    return this.#store.use(name, async (text) => {
      this.#texts.set(name, text) // before it is taken: whoever is told of the directory asks for its texts
      try {
        await take(text)
      } catch (error) {
        this.#texts.delete(name)
        throw error
      }
    })
  }

  keep(name: KeptName, text: string): Promise<boolean> {
    this.#texts.set(name, text)
    return this.#store.keep(name, text)
  }
}
