/**
 * Several servers are asked for one document at a time, at the times of bootstrap-race.ts. It is loaded with what needs it.
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../../base/waiting/clock.ts'
import { TorError } from '../../../base/errors.ts'
import type { Random } from '../../../base/random.ts'
import type { Asking, Outcome, Progress, ServerPick } from './attempts.ts'
import { race, type RaceLane } from './bootstrap-race.ts'

/** How long after the first server an authority is asked beside (`ClientBootstrapConsensusAuthorityDownloadInitialDelay`), in s. */
const AUTHORITY_DELAY = 6

/**
 * How long a server of which nothing comes keeps the client from asking others, in ms. Where it has not even agreed to be asked C tor
 * takes the request to another circuit then (`compute_retry_timeout`), and can begin with others in between; one that has agreed, and
 * stalls, it would wait for until five minutes are over (`TestingDirConnectionMaxStall`).
 */
const MOVED_WITHIN = 10_000

/** Asks several at a time, and authorities beside. */
export async function severalAtOnce<T>(
  servers: Iterator<ServerPick>,
  authorities: Iterator<ServerPick>,
  asking: Asking<T>,
  options: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<Outcome<T>> {
  const { clock } = options
  const won = new AbortController()
  const wanted = AbortSignal.any([signal, won.signal])
  const laneOf = (of: Iterator<ServerPick>, delay: number): RaceLane<T> => ({
    delay,
    isOver: asking.isOver,
    begin: () => {
      const pick = asking.next(of)
      if (pick === undefined) return undefined
      const progress: Progress = {}
      return {
        outcome: asking.ask(pick, wanted, progress),
        isUnderWay: () => monotonicTime(clock) - (progress.movedAt ?? -Infinity) < MOVED_WITHIN,
      }
    },
  })
  try {
    return await race([laneOf(servers, 0), laneOf(authorities, AUTHORITY_DELAY)], options, wanted)
  } finally {
    won.abort(new TorError('ABORTED', 'another server had the document'))
  }
}
