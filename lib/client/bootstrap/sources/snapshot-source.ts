/**
 * The directory in one request outside Tor, for a client that has none yet: from the URL that its user gave, and from nowhere
 * else. What comes has proved nothing: it is put before what relays are asked for, verified in the same way, and what is missing
 * of it is asked of them. It is loaded where a URL was given.
 *
 * @module
 */
import type { Clock } from '../../../base/waiting/clock.ts'
import { TorError } from '../../../base/errors.ts'
import type { DirectorySnapshot } from '../../../directory/snapshot.ts'
import type { SliceOptions } from '../../../base/waiting/slices.ts'
import { directoryUrl } from './directory-url.ts'
import { fetchSnapshot, type SnapshotPlace } from './fetch-snapshot.ts'

export class SnapshotSource {
  readonly #place: SnapshotPlace
  readonly #clock: Clock
  #wasAsked = false
  #warning: string | undefined

  /**
   * @param url - as the user gave it
   * @throws TypeError naming the option
   */
  constructor(url: string | URL, place: Omit<SnapshotPlace, 'url'>, clock: Clock) {
    this.#place = { ...place, url: directoryUrl(url) }
    this.#clock = clock
  }

  /** What the user should know: that there was no use in it, and why. */
  get warning(): string | undefined {
    return this.#warning
  }

  /** Nobody is asked from now on. */
  end(): void {
    this.#wasAsked = true
  }

  /** The snapshot, once in the life of a client; undefined when it cannot be had, and later. Never rejects. */
  async take(signal: AbortSignal, options: SliceOptions = {}): Promise<DirectorySnapshot | undefined> {
    if (this.#wasAsked) return undefined
    this.#wasAsked = true
    try {
      return await fetchSnapshot(this.#place, this.#clock, signal, options)
    } catch (error) {
      this.#warning = warningOf(error)
      return undefined
    }
  }

  /** What came was no good. */
  refuse(error: unknown): void {
    this.#warning = warningOf(error)
  }
}

function warningOf(error: unknown): string {
  const why = error instanceof TorError ? `${error.message} (${error.code})` : 'it cannot be reached'
  return `The directory could not be had from the URL that was given: ${why}. It is fetched from relays`
}
