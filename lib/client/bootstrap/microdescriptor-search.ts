/**
 * How missing descriptions of relays are asked for: in batches, of one server after the other, and less and less often where nobody has
 * one. It is loaded with the first of them.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import { filterInSlices, Slices } from '../../base/waiting/slices.ts'
import type { Wait } from './sources/attempts.ts'
import type { DocumentSource } from './sources/document-source.ts'

const MAX_MICRODESCRIPTORS = 2_000_000

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

/** Where the descriptions go that are found. */
export interface DescriptionShelf {
  has(digest: string): boolean
  /** Takes those of a text that were asked for, which it strikes off; returns how many. */
  take(text: string, asked: Set<string>): Promise<number>
}

/** What a search needs. */
export interface MicrodescriptorSearchOptions {
  readonly source: Pick<DocumentSource, 'fetch'>
  readonly clock: Pick<Clock, 'now'>
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

export class MicrodescriptorSearch {
  readonly #options: MicrodescriptorSearchOptions
  readonly #shelf: DescriptionShelf
  /** By digest: how often it was looked for in vain, and when last. */
  readonly #vain = new Map<string, { readonly times: number; readonly at: number }>()
  /** When somebody was asked for some last. */
  #askedAt = -Infinity

  constructor(options: MicrodescriptorSearchOptions, shelf: DescriptionShelf) {
    this.#options = options
    this.#shelf = shelf
  }

  /** True when it is time to ask for some of these. */
  isDueFor(digests: readonly string[]): boolean {
    const due = digests.filter((digest) => this.#isDue(digest))
    return due.length >= FEW || (due.length > 0 && this.#mayAskForFew)
  }

  /**
   * Asks for what is missing of `wanted`. Gives the reason why some are missing after that, if there is one; for some of those it may
   * have been too early to ask again.
   */
  async fetch(wanted: ReadonlySet<string>, signal: AbortSignal, manner: FetchManner): Promise<TorError | undefined> {
    const { progress } = manner
    const isMissing = (digest: string): boolean => !this.#shelf.has(digest) && this.#isDue(digest)
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
    for (const digest of this.#vain.keys())
      if (!wanted.has(digest) || this.#shelf.has(digest)) this.#vain.delete(digest)
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
      const taken = await this.#shelf.take(text, left)
      if (taken > 0) outdo()
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
