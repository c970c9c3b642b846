/**
 * The second relays of circuits for onion services (proposal 333, vanguards-lite): a few that are kept for days, so that
 * who makes a client build many circuits does not sooner or later own the relay next to its guard.
 *
 * @module
 */
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { DirectoryView } from '../relays/directory-view.ts'
import type { Random } from '../../base/random.ts'

const DAY = 86_400_000

/** One of the set, and until when it is. */
interface Vanguard {
  readonly fingerprint: string
  readonly until: number
}

/** What a set needs. */
export interface VanguardOptions {
  /** The time, in ms since the epoch. */
  readonly now: () => number
  readonly random: Random
}

/** The set, in memory only. */
export class Vanguards {
  readonly #options: VanguardOptions
  #set: readonly Vanguard[] = []

  constructor(options: VanguardOptions) {
    this.#options = options
  }

  /** The fingerprints of those that there are. */
  get fingerprints(): readonly string[] {
    return this.#set.map(({ fingerprint }) => fingerprint)
  }

  /** The next set has nothing to do with this one. */
  forget(): void {
    this.#set = []
  }

  /**
   * The relays of the set, filled up first. Each stays for a time of its own, unless it is no longer fit.
   *
   * @param fit - those that may be in it
   * @param draw - draws a relay that may be in it, as often as its weight says
   */
  relays(
    directory: DirectoryView,
    fit: ReadonlyMap<string, DirectoryRelay>,
    draw: () => DirectoryRelay | undefined,
  ): readonly DirectoryRelay[] {
    const now = this.#options.now()
    const size = Math.min(directory.param('guard-hs-l2-number', 4, 1, 19), fit.size)
    const longest = lifetimes(directory)[1]
    const kept = this.#set.filter(
      // What ends later than any can was made by a clock that was ahead.
      ({ fingerprint, until }) => now < until && until - now <= longest && fit.has(fingerprint),
    )
    // Drawing again what is there already is as good as leaving it out; in a small network it takes a few draws.
    for (let draws = 0; kept.length < size && draws < 50 * size; draws++) {
      const relay = draw()
      if (relay === undefined) break
      if (kept.every(({ fingerprint }) => fingerprint !== relay.fingerprint))
        kept.push({ fingerprint: relay.fingerprint, until: now + this.#lifetime(directory) })
    }
    this.#set = kept
    return kept.map(({ fingerprint }) => fit.get(fingerprint) as DirectoryRelay)
  }

  /** The greater of two uniform draws, so that most stay long and nobody can tell when one goes. */
  #lifetime(directory: DirectoryView): number {
    const { random } = this.#options
    const [least, most] = lifetimes(directory)
    const draw = (): number => least + random(most - least + 1)
    return Math.max(draw(), draw())
  }
}

/** How long one stays at least and at most, in ms. */
function lifetimes(directory: DirectoryView): readonly [least: number, most: number] {
  const least = 1000 * directory.param('guard-hs-l2-lifetime-min', DAY / 1000, 1, 0x7fff_ffff)
  const most = 1000 * directory.param('guard-hs-l2-lifetime-max', (12 * DAY) / 1000, 1, 0x7fff_ffff)
  return [least, Math.max(least, most)]
}
