/**
 * When a consensus may be used, and when the next one is to be fetched (dir-spec section 5.1).
 *
 * @module
 */
import { clockFault, MAYBE_CLOCK } from '../base/clock-fault.ts'
import { spanOf } from '../base/span.ts'
import type { Consensus } from './consensus.ts'

/** How far the clock may be outside of the time in which a consensus holds, in ms: 24 hours, "reasonably live". */
export const REASONABLY_LIVE: number = 24 * 3_600_000

/** The times of a consensus, in ms since the epoch. */
export type Lifetime = Pick<Consensus, 'validAfter' | 'freshUntil' | 'validUntil'>

/** Where a moment is in the life of a consensus that may be used then. */
export interface ConsensusAge {
  /**
   * `early`: it does not hold yet, `fresh`: it is the newest there is, `live`: there is to be a newer one by now,
   * `stale`: it no longer holds.
   */
  readonly phase: 'early' | 'fresh' | 'live' | 'stale'
  /** For the user when it is `early` or `stale`: the clock may be wrong, or the network ill. */
  readonly warning: string | undefined
}

/**
 * Checks that a consensus may be used at `now`, in ms since the epoch.
 *
 * @throws TorError `DIRECTORY_FUTURE` or `DIRECTORY_EXPIRED` when `now` is more than 24 hours off
 */
export function checkLifetime(consensus: Lifetime, now: number): ConsensusAge {
  const { validAfter, freshUntil, validUntil } = consensus
  if (now < validAfter) {
    const early = `the consensus will be valid only ${spanOf(validAfter - now)} from now`
    if (now < validAfter - REASONABLY_LIVE) throw clockFault('DIRECTORY_FUTURE', `Cannot use the consensus: ${early}`)
    return { phase: 'early', warning: `${early}: ${MAYBE_CLOCK}` }
  }
  if (now <= validUntil) return { phase: now < freshUntil ? 'fresh' : 'live', warning: undefined }
  const stale = `the consensus stopped being valid ${spanOf(now - validUntil)} ago`
  if (now > validUntil + REASONABLY_LIVE) throw clockFault('DIRECTORY_EXPIRED', `Cannot use the consensus: ${stale}`)
  return { phase: 'stale', warning: `${stale}: ${MAYBE_CLOCK}` }
}

/** The moment nearest to `now` at which a consensus may be used: when it is not now, one that proves itself then tells of the clock. */
export const nearestUse = ({ validAfter, validUntil }: Lifetime, now: number): number =>
  Math.min(Math.max(now, validAfter - REASONABLY_LIVE), validUntil + REASONABLY_LIVE)

/** How old a consensus is; undefined when it may not be used. */
export function ageOf(consensus: Lifetime, now: number): ConsensusAge | undefined {
  try {
    return checkLifetime(consensus, now)
  } catch {
    return undefined // that is what it throws for
  }
}

/**
 * When to fetch the next consensus, in ms since the epoch: `now` when this one does not hold, else a moment chosen at
 * random after the caches have the next one and well before this one ends.
 *
 * @param random gives numbers from 0 up to and without 1, as Math.random does
 */
export function nextFetch(consensus: Lifetime, now: number, random: () => number): number {
  const { validAfter, freshUntil, validUntil } = consensus
  if (now < validAfter || now > validUntil) return now
  // In a network that votes every few seconds the start may be behind the end.
  const start = Math.min(freshUntil + (3 / 4) * (freshUntil - validAfter), validUntil)
  return Math.floor(start + random() * (7 / 8) * (validUntil - start))
}
