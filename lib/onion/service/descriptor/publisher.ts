/**
 * Bringing one descriptor to the relays that keep it: when it changes, when they change, and every now and then, as they
 * keep it for a few hours only (rend-spec-v3, "When to publish a hidden service descriptor").
 *
 * @module
 */
import { firstOf } from '../../../base/waiting/abort.ts'
import { startBackgroundTimer } from '../../../base/waiting/clock.ts'
import { deferred, markHandled, type Deferred } from '../../../base/waiting/deferred.ts'
import { pause, unlessAborted } from '../../../base/waiting/pause.ts'
import type { DirectoryRelay } from '../../../directory/network-directory.ts'
import type { ServiceNetwork } from '../../network/service-network.ts'

const PATH = '/tor/hs/3/publish'

/** How soon one publication may follow another, in ms: what changes meanwhile goes out together. */
const LEAST_INTERVAL = 10_000

/** How long after a publication the next one comes although nothing has changed, in ms: at random between the two. */
const REPUBLISH_MIN = 3_600_000
const REPUBLISH_MAX = 7_200_000

/** How long to wait before a relay that did not take it is asked again, in ms; then that all are, longer each time. */
const RETRIES = [1000, 5000] as const
const FAILED_AGAIN = 60_000

/** What is published, as it is now. */
export interface Publication {
  /** Two are the same when their names are. */
  readonly name: string
  /** Those that are to keep it. */
  readonly relays: readonly DirectoryRelay[]
}

/** What a publisher needs. */
export interface PublisherOptions {
  readonly network: Pick<ServiceNetwork, 'clock' | 'random' | 'post'>
  /** What there is to publish; undefined for nothing. */
  publication(): Publication | undefined
  /** Its text, in a new revision. */
  text(): Promise<string>
  /** A relay took it or did not. */
  changed(): void
  readonly signal: AbortSignal
}

/** How the last publication stands, by relays. */
export interface UploadCounts {
  readonly ok: number
  readonly failed: number
  readonly of: number
}

export class DescriptorPublisher {
  readonly #options: PublisherOptions
  #published: string | undefined
  /** By fingerprint: whether the relay took the last publication. */
  #taken = new Map<string, boolean | undefined>()
  #wanted: Deferred<void> = deferred()
  #stopTimer: (() => void) | undefined
  #publishing: AbortController | undefined
  #failures = 0
  #lastFailure: unknown
  readonly #ended: Promise<void>

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#ended = this.#run()
    markHandled(this.#ended)
  }

  /** How the last publication stands. */
  get uploads(): UploadCounts {
    const outcomes = [...this.#taken.values()]
    const count = (outcome: boolean): number => outcomes.filter((each) => each === outcome).length
    return { ok: count(true), failed: count(false), of: outcomes.length }
  }

  /** Why a relay did not take it, last. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /** Resolves when nothing is under way any more, after the signal. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** True when the last publication is with this relay. */
  isAt({ fingerprint }: DirectoryRelay): boolean {
    return this.#taken.get(fingerprint) === true
  }

  /** Something may have changed: if what there is to publish has, it is published. */
  consider(): void {
    const publication = this.#options.publication()
    if (publication !== undefined && publication.name !== this.#published) this.#wanted.resolve()
  }

  async #run(): Promise<void> {
    const { network, signal } = this.#options
    const { clock } = network
    try {
      for (;;) {
        await unlessAborted(this.#wanted.promise, signal)
        this.#wanted = deferred()
        this.#stopTimer?.()
        const publication = this.#options.publication()
        if (publication === undefined) continue
        this.#publishing?.abort()
        this.#published = publication.name
        void this.#publish(publication, (this.#publishing = new AbortController()).signal)
        await pause(clock, LEAST_INTERVAL, [signal])
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#stopTimer?.()
      this.#publishing?.abort()
    }
  }

  /** To all relays at once: which of them is slow nobody knows before. Never rejects. */
  async #publish({ relays }: Publication, newer: AbortSignal): Promise<void> {
    const { signal, text, changed } = this.#options
    this.#taken = new Map(relays.map(({ fingerprint }) => [fingerprint, undefined]))
    const taken = this.#taken
    try {
      const document = await text()
      await Promise.all(
        relays.map(async (relay) => {
          const isTaken = await this.#upload(relay, document, newer)
          if (newer.aborted || signal.aborted) return
          taken.set(relay.fingerprint, isTaken)
          changed()
        }),
      )
    } catch (error) {
      this.#lastFailure = error
    }
    if (newer.aborted || signal.aborted) return
    const isWhole = relays.length > 0 && [...taken.values()].every((each) => each === true)
    this.#failures = isWhole ? 0 : this.#failures + 1
    this.#publishLater(isWhole)
    changed()
  }

  async #upload(relay: DirectoryRelay, document: string, newer: AbortSignal): Promise<boolean> {
    const { network, signal } = this.#options
    const { signal: either, end } = firstOf(signal, newer)
    try {
      for (const delay of [0, ...RETRIES]) {
        try {
          await pause(network.clock, delay, [either])
          await network.post(relay, PATH, document, either)
          return true
        } catch (error) {
          if (either.aborted) return false
          this.#lastFailure = error
        }
      }
      return false
    } finally {
      end()
    }
  }

  #publishLater(isWhole: boolean): void {
    const { network } = this.#options
    const usual = REPUBLISH_MIN + network.random(REPUBLISH_MAX - REPUBLISH_MIN)
    const delay = isWhole ? usual : Math.min(usual, FAILED_AGAIN * 2 ** Math.min(this.#failures - 1, 10))
    this.#stopTimer = startBackgroundTimer(network.clock, delay, () => this.#wanted.resolve())
  }
}
