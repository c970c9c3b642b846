/**
 * The descriptions of relays: kept from the last run or fetched, and known to be right by their digests.
 *
 * What a server leaves out is asked of the next, so that no single one decides which relays there are (dir-spec
 * section 5.3; C tor's bug 23817).
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import {
  parseMicrodescriptors,
  type KeptMicrodescriptor,
  type Microdescriptor,
} from '../../directory/microdescriptor.ts'
import { filterInSlices, LOOKED_AT_A_SLICE, pauseForTasks, READ_A_SLICE, Slices } from '../../directory/text/slices.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ClientStore } from './client-store.ts'
import type { Wait } from './sources/attempts.ts'
import type { DocumentSource } from './sources/document-source.ts'

const MAX_MICRODESCRIPTORS = 2_000_000

/** How many descriptions that are not wanted a text may have that nobody was asked for: as many as a network has relays. */
const MAX_STRANGERS = 10_000

/**
 * How many microdescriptors are asked for at a time, as C tor has it (`launch_descriptor_downloads`): in three requests, of so many
 * at least and at most. As many requests are under way.
 */
const REQUESTS = 3
const MIN_BATCH = 32
const MAX_BATCH = 500

/** How many servers must have answered without a description that is needed before it is looked for less often. */
const LACKED_BY = 2

/** When a description that nobody had is asked for again: at first, and at most, in ms. It doubles in between. */
const FIRST_RETRY = 60_000
const LAST_RETRY = 600_000

/**
 * So few are not asked for by a client that can do without them until so long after the last request for descriptions, in ms; each
 * five seconds in a test (C tor, `MAX_DL_TO_DELAY`, `TestingClientMaxIntervalWithoutRequest`).
 */
const FEW = 16
const FEW_RETRY = 600_000
const FEW_RETRY_IN_TEST = 5000

/** How many are sorted before other tasks have their turn. */
const SORTED_A_SLICE = 1024

/** What a store needs. */
export interface MicrodescriptorStoreOptions {
  readonly source: Pick<DocumentSource, 'fetch'>
  readonly kept: Pick<ClientStore, 'useBytes' | 'keep'>
  readonly clock: Pick<Clock, 'now'>
  readonly platform: Pick<Platform, 'sha256Text'>
  readonly network: Pick<NetworkConfig, 'testing'>
}

/** How those that fetch are to go about it. */
export interface FetchManner {
  /** How much is done, from 0 to 1. */
  progress(done: number): void
  /** Gives what waits before another server is asked for what is left of a batch. By default nothing waits. */
  leisure?(): Wait | undefined
  /** True when what is there is enough to build circuits: then a few are not asked for now. */
  isEnough?(): Promise<boolean>
}

export class MicrodescriptorStore {
  readonly #options: MicrodescriptorStoreOptions
  /** By digest. All of them stand in one document, as it is kept, but for those that came since. */
  readonly #known = new Map<string, KeptMicrodescriptor>()
  /** There is something that is not kept yet. */
  #hasNew = false
  /** By digest: how often it was looked for in vain, and when last. */
  readonly #vain = new Map<string, { readonly times: number; readonly at: number }>()
  /** When somebody was asked for some last. */
  #askedAt = -Infinity

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
    const due = digests.filter((digest) => this.#isDue(digest))
    return due.length >= FEW || (due.length > 0 && this.#mayAskForFew)
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
    const { progress } = manner
    const isMissing = (digest: string): boolean => !this.#known.has(digest) && this.#isDue(digest)
    const due = await filterInSlices([...wanted], isMissing)
    const isLater = due.length < FEW && !this.#mayAskForFew && (await manner.isEnough?.()) === true
    const missing = isLater ? [] : await inOrder(due)
    const size = Math.max(MIN_BATCH, Math.min(MAX_BATCH, Math.ceil(missing.length / REQUESTS)))
    const batches = Array.from({ length: Math.ceil(missing.length / size) }, (_, index) =>
      missing.slice(index * size, (index + 1) * size),
    )
    const total = batches.length
    let failure: TorError | undefined
    progress(0)
    // Each lane has a server of its own, as far as there are enough: a slow one holds up one batch at a time.
    const worker = async (lane: number): Promise<void> => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        failure = (await this.#fetchBatch(new Set(batch), lane, signal, manner)) ?? failure
        progress(1 - batches.length / total)
      }
    }
    await Promise.all(Array.from({ length: REQUESTS }, (_, lane) => worker(lane)))
    await pauseForTasks()
    for (const digest of this.#vain.keys()) if (!wanted.has(digest)) this.#vain.delete(digest)
    for (const digest of await filterInSlices([...this.#known.keys()], (digest) => !wanted.has(digest))) {
      // Whoever goes on using it, as an old circuit does, shall not hold the others' bytes with it.
      const known = this.#known.get(digest)
      known?.moveTo(new Uint8Array(known.size), 0)
      this.#known.delete(digest)
    }
    if (this.#hasNew) {
      this.#hasNew = false
      await this.#options.kept.keep('microdescriptors', await this.#joined())
    }
    if (signal.aborted) throw new TorError('ABORTED', 'the directory is not wanted any more', { cause: signal.reason })
    return failure
  }

  /** Asks one server after the other for what is left of a batch. Gives the reason when some is left at the end. */
  async #fetchBatch(
    left: Set<string>,
    lane: number,
    signal: AbortSignal,
    { leisure, isEnough }: FetchManner,
  ): Promise<TorError | undefined> {
    let lackedBy = 0
    const wait = leisure?.()
    let isLeft = false
    const between: Wait = async (isLate) => {
      isLeft = left.size < FEW && (await isEnough?.()) === true
      return isLeft ? false : await wait?.(isLate)
    }
    const request = {
      path: () => {
        this.#askedAt = this.#options.clock.now()
        return `/tor/micro/d/${[...left].join('-')}.z`
      },
      limit: MAX_MICRODESCRIPTORS,
      lane,
      lacked: () => (lackedBy += 1),
      between,
    }
    const accept = async (text: string, outdo: () => void): Promise<void> => {
      const taken = await this.#take(text, left)
      if (taken > 0) {
        this.#hasNew = true
        outdo()
      }
      if (left.size === 0) return
      const what =
        taken > 0 ? 'some of the descriptions were left out' : 'none of the descriptions is one that was asked for'
      throw new TorError('DIRECTORY_DIGEST', what)
    }
    try {
      await this.#options.source.fetch(request, accept, signal)
      return undefined
    } catch (error) {
      if (!(error instanceof TorError)) throw error
      if (lackedBy >= (isLeft ? 1 : LACKED_BY)) for (const digest of left) this.#soughtInVain(digest)
      return error
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
      this.#vain.delete(digest)
      taken += 1
    }
    return taken
  }

  #soughtInVain(digest: string): void {
    this.#vain.set(digest, { times: (this.#vain.get(digest)?.times ?? 0) + 1, at: this.#options.clock.now() })
  }

  get #mayAskForFew(): boolean {
    const { clock, network } = this.#options
    return Math.abs(clock.now() - this.#askedAt) >= (network.testing === true ? FEW_RETRY_IN_TEST : FEW_RETRY)
  }

  #isDue(digest: string): boolean {
    const vain = this.#vain.get(digest)
    if (vain === undefined) return true
    // A clock that was set back must not make it last.
    return Math.abs(this.#options.clock.now() - vain.at) >= Math.min(FIRST_RETRY * 2 ** (vain.times - 1), LAST_RETRY)
  }
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The value of a digest's letter. */
const letter = (digest: string, at: number): number => BASE64.indexOf(digest[at] ?? '')

/** In the order of their bytes, which is not that of base64's letters. Those of one first letter are sorted at a time. */
async function inOrder(digests: readonly string[]): Promise<string[]> {
  const byFirst = Array.from(BASE64, (): string[] => [])
  for (const digest of digests) byFirst[letter(digest, 0)]?.push(digest)
  const slices = new Slices(SORTED_A_SLICE, {})
  for (const some of byFirst) {
    some.sort((one, other) => {
      let at = 1
      while (at < one.length && one[at] === other[at]) at += 1
      return letter(one, at) - letter(other, at)
    })
    if (slices.isFull(some.length)) await slices.pause()
  }
  return byFirst.flat()
}
