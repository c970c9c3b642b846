/**
 * Whether circuits through a guard fail beyond it more often than they should: a guard that lets circuits only come to
 * relays of its own chooses paths (path-spec, "Detecting route manipulation by guard nodes (path bias)").
 *
 * As in C tor by default the user is told, and nothing else: the guard is kept, as whoever is able to break circuits
 * through a guard could take it away. Simpler than there: only the building of circuits counts, without probes of those
 * that were used, and the counts are not kept until the next run.
 *
 * @module
 */
import type { DirectoryView } from '../relays/directory-view.ts'

const MAX_INT32 = 0x7fff_ffff

/** Beyond so many guards the oldest are forgotten. */
const MAX_GUARDS = 200

interface Counts {
  attempts: number
  built: number
}

export class PathBias {
  readonly #guards = new Map<string, Counts>()

  /**
   * A circuit got as far as the guard, and then was built or came to nothing.
   *
   * @param directory - says at how many attempts the counts are halved, so that what is long past counts less
   */
  count(fingerprint: string, isBuilt: boolean, directory: Pick<DirectoryView, 'param'>): void {
    const counts = this.#guards.get(fingerprint) ?? { attempts: 0, built: 0 }
    counts.attempts += 1
    if (isBuilt) counts.built += 1
    if (counts.attempts > directory.param('pb_scalecircs', 300, 10, MAX_INT32)) {
      counts.attempts /= 2
      counts.built /= 2
    }
    // Taken out and put back, so that the first is the oldest.
    this.#guards.delete(fingerprint)
    this.#guards.set(fingerprint, counts)
    for (const oldest of this.#guards.keys()) {
      if (this.#guards.size <= MAX_GUARDS) break
      this.#guards.delete(oldest)
    }
  }

  /** For the user, when too few of the circuits through some guard were built. It names no relay. */
  warning(directory: Pick<DirectoryView, 'param'>): string | undefined {
    const minimum = directory.param('pb_mincircs', 150, 5, MAX_INT32)
    const percent = directory.param('pb_warnpct', 50, 0, 100)
    const isBiased = ({ attempts, built }: Counts): boolean => attempts >= minimum && built * 100 < attempts * percent
    if (![...this.#guards.values()].some(isBiased)) return undefined
    return `fewer than ${percent} % of the circuits through a guard are built: the network is ill, or the guard chooses where they go`
  }
}
