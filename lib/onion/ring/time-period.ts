/**
 * Periods of time and shared random values (rend-spec-v3, "Dividing time into periods" and "Where to publish a hidden
 * service descriptor"). All of it goes by the consensus's time, never by a clock of this side: client, service and
 * directories have to come to the same result.
 *
 * @module
 */
import { sha3, u64 } from '../hashing.ts'

/** Voting rounds of a run of the shared random protocol. */
const ROUNDS = 24

const MINUTE = 60_000
const DAY_IN_MINUTES = 1440

/** One period: so many minutes, counted from a moment half a day after the epoch. */
export interface TimePeriod {
  readonly number: number
  readonly minutes: number
}

/** What of a consensus counts. Times are in ms since the epoch. */
export interface ConsensusTime {
  readonly validAfter: number
  readonly freshUntil: number
  readonly params: ReadonlyMap<string, number>
  readonly sharedRandom: SharedRandom
}

/** The shared random values of a consensus, 32 bytes each; the network may have failed to agree on one. */
export interface SharedRandom {
  readonly current: Uint8Array | undefined
  readonly previous: Uint8Array | undefined
}

/** A period, and the value that its ring of directories is made with. */
export interface RingTime {
  readonly period: TimePeriod
  readonly sharedRandom: Uint8Array
}

/** How long a voting round is. */
const intervalOf = ({ validAfter, freshUntil }: ConsensusTime): number => freshUntil - validAfter

/** How far after the epoch periods begin: half a run, in minutes. */
const offsetOf = (consensus: ConsensusTime): number => Math.floor(((ROUNDS / 2) * intervalOf(consensus)) / MINUTE)

/**
 * How long periods are, in minutes: `hsdir_interval`. In a testing network it is as long as a run of the shared random
 * protocol, whatever the parameter says, as C tor has it.
 */
export function periodLength(consensus: ConsensusTime, testing: boolean): number {
  if (testing) return Math.max(1, Math.floor((ROUNDS * intervalOf(consensus)) / MINUTE))
  return Math.min(Math.max(consensus.params.get('hsdir_interval') ?? DAY_IN_MINUTES, 5), 14_400)
}

/** The period that a consensus is in. */
export function currentPeriod(consensus: ConsensusTime, testing: boolean): TimePeriod {
  const minutes = periodLength(consensus, testing)
  return { number: Math.floor((Math.floor(consensus.validAfter / MINUTE) - offsetOf(consensus)) / minutes), minutes }
}

/** When a period begins, in ms since the epoch. */
export function periodStart({ number, minutes }: TimePeriod, consensus: ConsensusTime): number {
  return (number * minutes + offsetOf(consensus)) * MINUTE
}

/** When a period ends, in ms since the epoch. */
export const periodEnd = ({ number, minutes }: TimePeriod, consensus: ConsensusTime): number =>
  periodStart({ number: number + 1, minutes }, consensus)

/** When the run of the shared random protocol began that the consensus is in, in ms since the epoch. */
export function runStart(consensus: ConsensusTime): number {
  const interval = intervalOf(consensus)
  const { validAfter } = consensus
  return validAfter - (Math.floor(validAfter / interval) % ROUNDS) * interval
}

/**
 * True from the beginning of a period until a new shared random value comes, false from then on until the next period
 * begins. In the public network that is from noon to midnight.
 */
export function isBetweenPeriodAndRandom(consensus: ConsensusTime, testing: boolean): boolean {
  const start = runStart(consensus)
  const minutes = periodLength(consensus, testing)
  const atRun = Math.floor((Math.floor(start / MINUTE) - offsetOf(consensus)) / minutes)
  const { validAfter } = consensus
  return !(validAfter >= start && validAfter < periodEnd({ number: atRun, minutes }, consensus))
}

/** The value that a client's ring is made with. Where the network has none it is the one that everybody can make. */
export function clientRingTime(consensus: ConsensusTime, testing: boolean): RingTime {
  const period = currentPeriod(consensus, testing)
  const { current, previous } = consensus.sharedRandom
  const sharedRandom = isBetweenPeriodAndRandom(consensus, testing) ? current : previous
  return { period, sharedRandom: sharedRandom ?? disasterValue(period) }
}

/** What a service publishes for: a ring, and when the run began that the ring's value comes from. */
export interface ServiceRingTime extends RingTime {
  /** In ms since the epoch. */
  readonly since: number
}

/**
 * The two periods that a service has a descriptor for at any time, so that clients with an older or a newer consensus find
 * one too (rend-spec-v3, "When to publish a hidden service descriptor"): the earlier one with the previous shared random
 * value, the later one with the current value.
 */
export function serviceRingTimes(
  consensus: ConsensusTime,
  testing: boolean,
): readonly [first: ServiceRingTime, second: ServiceRingTime] {
  const { number, minutes } = currentPeriod(consensus, testing)
  const earlier = isBetweenPeriodAndRandom(consensus, testing) ? number - 1 : number
  const { current, previous } = consensus.sharedRandom
  const first = { number: earlier, minutes }
  const second = { number: earlier + 1, minutes }
  const start = runStart(consensus)
  return [
    { period: first, sharedRandom: previous ?? disasterValue(first), since: start - ROUNDS * intervalOf(consensus) },
    { period: second, sharedRandom: current ?? disasterValue(second), since: start },
  ]
}

/** In place of a value that the network could not agree on. */
export const disasterValue = ({ number, minutes }: TimePeriod): Uint8Array =>
  sha3('shared-random-disaster', u64(minutes), u64(number))
