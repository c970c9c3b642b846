/**
 * The descriptions of relays: kept from the last run or fetched, and known to be right by their digests.
 *
 * What a server leaves out is asked of the next, so that no single one decides which relays there are (dir-spec
 * section 5.3; C tor's bug 23817).
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import {
  parseMicrodescriptors,
  type KeptMicrodescriptor,
  type Microdescriptor,
} from '../../directory/microdescriptor.ts'
import { filterInSlices, LOOKED_AT_A_SLICE, pauseForTasks, READ_A_SLICE, Slices } from '../../base/waiting/slices.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ClientStore } from './client-store.ts'
import type { FetchManner, MicrodescriptorSearch, MicrodescriptorSearchOptions } from './microdescriptor-search.ts'

/** How many descriptions that are not wanted a text may have that nobody was asked for: as many as a network has relays. */
const MAX_STRANGERS = 10_000

/** What a store needs. */
export interface MicrodescriptorStoreOptions extends MicrodescriptorSearchOptions {
  readonly kept: Pick<ClientStore, 'useBytes' | 'keep'>
  readonly platform: Pick<Platform, 'sha256Text'>
}

export class MicrodescriptorStore {
  readonly #options: MicrodescriptorStoreOptions
  /** By digest. All of them stand in one document, as it is kept, but for those that came since. */
  readonly #known = new Map<string, KeptMicrodescriptor>()
  /** There is something that is not kept yet. */
  #hasNew = false
  #search: MicrodescriptorSearch | undefined

  constructor(options: MicrodescriptorStoreOptions) {
    this.#options = options
  }

  /** By digest, as a directory takes them; they come and go. */
  get all(): ReadonlyMap<string, Microdescriptor> {
    return this.#known
  }

  /** Takes over what the last run kept. */
  async load(): Promise<void> {
    await this.#options.kept.useBytes('microdescriptors', (bytes) => this.#take(bytes))
  }

  /** True when some of these are worth a search now. */
  isWorthASearch(digests: readonly string[]): boolean {
    return this.#search?.isDueFor(digests) ?? digests.length > 0
  }

  /** Takes what a text has of `wanted`; nobody is asked for that again. */
  async offer(wanted: ReadonlySet<string>, text: string): Promise<void> {
    const left = new Set([...wanted].filter((digest) => !this.#known.has(digest)))
    try {
      if ((await this.#take(text, left, MAX_STRANGERS)) > 0) this.#hasNew = true
    } catch {
      // It has none: relays are asked.
    }
  }

  /**
   * Fetches what is missing of `wanted`, and forgets the others. Some may be missing after that, and for some of those
   * it may be too early to ask again.
   *
   * @returns why some are missing, if there is a reason
   * @throws TorError `ABORTED`
   */
  async fetch(wanted: ReadonlySet<string>, signal: AbortSignal, manner: FetchManner): Promise<TorError | undefined> {
    const loaded = await import('./microdescriptor-search.ts')
    this.#search ??= new loaded.MicrodescriptorSearch(this.#options, {
      has: (digest) => this.#known.has(digest),
      take: async (text, asked) => {
        const taken = await this.#take(text, asked)
        if (taken > 0) this.#hasNew = true
        return taken
      },
    })
    const failure = await this.#search.fetch(wanted, signal, manner)
    await pauseForTasks()
    await this.#forgetOthers(wanted)
    if (this.#hasNew) {
      this.#hasNew = false
      await this.#options.kept.keep('microdescriptors', await this.#joined())
    }
    if (signal.aborted) throw new TorError('ABORTED', 'the directory is not wanted any more', { cause: signal.reason })
    return failure
  }

  async #forgetOthers(wanted: ReadonlySet<string>): Promise<void> {
    for (const digest of await filterInSlices([...this.#known.keys()], (digest) => !wanted.has(digest))) {
      // Whoever goes on using it, as an old circuit does, shall not hold the others' bytes with it.
      const known = this.#known.get(digest)
      known?.moveTo(new Uint8Array(known.size), 0)
      this.#known.delete(digest)
    }
  }

  /** Moves all of them into one document, in slices, and gives that. */
  async #joined(): Promise<Uint8Array> {
    const slices = new Slices(8 * READ_A_SLICE, {})
    const all = [...this.#known.values()]
    const document = new Uint8Array(all.reduce((sum, { size }) => sum + size, 0))
    let at = 0
    for (const each of all) {
      at = each.moveTo(document, at)
      if (slices.isFull(each.size)) await slices.pause()
    }
    return document
  }

  /** Takes the microdescriptors of a text, of those that were asked for, which it strikes off; returns how many. */
  async #take(text: string | Uint8Array, asked?: Set<string>, strangers = 0): Promise<number> {
    let taken = 0
    const { sha256Text: digestOf } = this.#options.platform
    const slices = new Slices(LOOKED_AT_A_SLICE, {})
    const options = { digestOf, ...(asked && { asked, strangers }) }
    for (const { digest, microdescriptor } of await parseMicrodescriptors(text, options)) {
      if (slices.isFull(1)) await slices.pause()
      if (microdescriptor === undefined || (asked && !asked.delete(digest))) continue
      this.#known.set(digest, microdescriptor)
      taken += 1
    }
    return taken
  }
}
