/**
 * How a private network comes to its first consensus in the shortest time, with every relay in it.
 *
 * Votes happen at fixed times of the day. A vote that is due before every relay has published would leave some out, and
 * the next may be minutes away. So the authorities start with no vote in sight; when each of them holds every
 * descriptor, they are told to vote a few seconds from now.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './poll.ts'
import type { TorProcess } from './process.ts'
import type { RelayPlan } from './torrc.ts'

/** Seconds between the votes before the first consensus; tor takes no less than 5. Divides half an hour. */
const firstInterval = 5

/** Seconds for votes, and for signatures, to reach the other authorities; tor takes no less than 2. */
const exchangeDelay = 2

/** Seconds of an interval so long that no vote happens in it while relays publish. */
const parkedInterval = 1800

/** How often authorities vote. */
export interface Voting {
  /** Seconds between votes after the first. Divides a day. */
  readonly interval: number
  /** For how many of these a consensus is valid. */
  readonly valid: number
}

/**
 * One consensus for the whole of a spec: valid for three hours. The next vote is at a multiple of 90 minutes. It would tell of another
 * interval than the first, which periods of onion services are made of: who has the second finds no service of who has the first.
 */
const slowVoting: Voting = { interval: 5400, valid: 2 }

/**
 * The lines of an authority's torrc that say when it votes; without `firstVote` (seconds since the epoch), not soon.
 */
export function votingLines(firstVote: number | undefined, voting: Voting = slowVoting): string[] {
  const now = Math.floor(Date.now() / 1000)
  const [first, later, offset] =
    firstVote === undefined
      ? [parkedInterval, parkedInterval, (now + 120) % parkedInterval]
      : [firstInterval, voting.interval, firstVote % firstInterval]
  return [
    `TestingV3AuthInitialVotingInterval ${first}`,
    `TestingV3AuthInitialVoteDelay ${exchangeDelay}`,
    `TestingV3AuthInitialDistDelay ${exchangeDelay}`,
    `TestingV3AuthVotingStartOffset ${offset}`,
    `V3AuthVotingInterval ${later}`,
    `V3AuthVoteDelay ${exchangeDelay}`,
    `V3AuthDistDelay ${exchangeDelay}`,
    `V3AuthNIntervalsValid ${voting.valid}`,
  ]
}

/** A relay that runs: what was planned, and its process. */
export interface RunningRelay {
  readonly plan: RelayPlan
  readonly process: TorProcess
}

/**
 * Waits until every authority of `relays` holds every descriptor, has them vote, and waits until every relay has the
 * consensus and all microdescriptors. `torrc` gives an authority's torrc for a first vote at that second.
 */
export async function firstConsensus(
  relays: readonly RunningRelay[],
  torrc: (plan: RelayPlan, firstVote: number) => string,
  signal: AbortSignal,
): Promise<void> {
  const authorities = relays.filter((relay) => relay.plan.authority !== undefined)
  const others = relays.filter((relay) => relay.plan.authority === undefined)
  const all = relays.length

  await until('every descriptor at every authority', signal, () =>
    every(authorities, async (relay) => (await count(relay, 'cached-descriptors.new', /^router /gm)) >= all),
  )
  // The votes go out two delays before this second; several authorities need a little longer to read their new torrcs.
  const firstVote = Math.ceil(Date.now() / 1000 + (authorities.length > 1 ? 0.5 : 0.2)) + exchangeDelay
  await Promise.all(authorities.map(({ plan, process }) => process.reload(torrc(plan, firstVote))))
  await until('a consensus', signal, () =>
    every(
      authorities,
      async (relay) =>
        (await count(relay, 'cached-microdesc-consensus', /^directory-signature /gm)) > authorities.length / 2,
    ),
  )
  // A relay that is told to read its torrc again asks for a consensus at once.
  await Promise.all(others.map(({ process }) => process.reload()))
  await until('the consensus and the microdescriptors at every relay', signal, () =>
    every(
      relays,
      async (relay) =>
        (await count(relay, 'cached-microdesc-consensus', /^r /gm)) >= all &&
        (await count(relay, 'cached-microdescs.new', /^onion-key/gm)) >= all,
    ),
  )
}

async function every(
  relays: readonly RunningRelay[],
  holds: (relay: RunningRelay) => Promise<boolean>,
): Promise<boolean> {
  return (await Promise.all(relays.map(holds))).every(Boolean)
}

/** How often `pattern` occurs in a file of a relay's data directory; not at all, when there is no such file yet. */
async function count({ plan }: RunningRelay, file: string, pattern: RegExp): Promise<number> {
  try {
    const text = await readFile(join(plan.directory, file), 'latin1')
    return text.match(pattern)?.length ?? 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
