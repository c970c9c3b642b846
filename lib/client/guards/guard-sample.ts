/**
 * The guards that a client may ever connect to, kept from one run to the next, and the few of them that it prefers
 * (guard-spec 4.0 to 4.4, 4.10).
 *
 * As in C tor every list is in the order of the sample, in which guards were drawn by weight (proposal 310), and a
 * confirmed guard leaves some time after it was confirmed, whenever it was sampled. Simpler than the specification:
 * there is one sample. A filter that leaves few guards gets no sample of its own (guard-spec 2.B), and bridges are not
 * supported.
 *
 * @module
 */
import { REASONABLY_LIVE } from '../../directory/consensus-lifetime.ts'
import { findRelay, type DirectoryRelay } from '../../directory/network-directory.ts'
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import type { DirectoryView } from '../relays/directory-view.ts'
import { guardParameters, type GuardParameters } from './guard-parameters.ts'
import type { GuardRecord } from './guard-state.ts'
import { randomPast, type Random } from '../../base/random.ts'
import { SampledGuard } from './sampled-guard.ts'
import { possibleGuards } from '../relays/possible-guards.ts'
import { canBeGuard } from '../relays/usable-relays.ts'
import { chooseWeighted, WeightedList } from '../relays/weighted-choice.ts'
import { PositionWeights } from '../relays/weights.ts'

/** What a sample needs. */
export interface GuardSampleOptions {
  readonly random: Random
  /** Which of the sampled guards can be connected to at all. */
  readonly filter: (relay: ConsensusRelay) => boolean
}

/** The sampled guards of one client. */
export class GuardSample {
  readonly #options: GuardSampleOptions
  #guards: SampledGuard[]
  #primaries: readonly SampledGuard[] = []
  #arePrimariesCurrent = false
  #directory: DirectoryView | undefined
  #parameters: GuardParameters = guardParameters(undefined)
  /** How many relays can be guards. */
  #listedCount = 0
  #hasChanged = false
  /** True for guards that were drawn without a look at what is kept, and are not kept yet. */
  #isUnrelated: boolean

  constructor(records: readonly GuardRecord[], options: GuardSampleOptions) {
    this.#options = options
    this.#guards = records.map((record) => new SampledGuard(record))
    this.#isUnrelated = records.length === 0
  }

  /** All of the sample, in its order. */
  get guards(): readonly SampledGuard[] {
    return this.#guards
  }

  /** What the consensus says. */
  get parameters(): GuardParameters {
    return this.#parameters
  }

  /** Whether what is kept is no longer what it was. */
  get hasChanged(): boolean {
    return this.#hasChanged
  }

  /** What is kept has been stored. */
  stored(): void {
    this.#hasChanged = false
    this.#isUnrelated = false
  }

  /**
   * Takes over the guards that another client has kept in the same place. They come first, in their order, so that all
   * clients of one place come to prefer the same ones; then those of our own: all that are confirmed, and of the others
   * as many as a sample may have. Guards that were drawn while nobody could tell what was kept give way unless they are
   * confirmed, so that the sample does not grow by each such run (guard-spec 4.2: who is sampled is to stay few).
   */
  merge(kept: readonly GuardRecord[], now: number): void {
    if (kept.length === 0) return
    const own = new Map(this.#guards.map((guard) => [guard.fingerprint, guard]))
    const merged = kept.map((record) => {
      const guard = own.get(record.fingerprint)
      guard?.merge(record)
      own.delete(record.fingerprint)
      return guard ?? new SampledGuard(record)
    })
    const others = [...own.values()]
    const confirmed = others.filter(({ confirmedAt }) => confirmedAt !== undefined).length
    let room = this.#isUnrelated ? 0 : this.#maxSize() - merged.length - confirmed
    this.#guards = [...merged, ...others.filter(({ confirmedAt }) => confirmedAt !== undefined || room-- > 0)]
    this.#primaries = this.#primaries.filter((guard) => this.#guards.includes(guard))
    this.#arePrimariesCurrent = false
    this.#isUnrelated = false
    if (!this.#isLive(now)) return
    for (const guard of this.#guards) this.#updateTimes(guard, now)
    this.#removeOld(now)
  }

  /** The relay as the consensus lists it; undefined when it is no guard there. */
  listed({ fingerprint }: Pick<SampledGuard, 'fingerprint'>): ConsensusRelay | undefined {
    return this.#directory && findGuard(this.#directory, fingerprint)
  }

  /** The relay with its keys; undefined while its microdescriptor is missing. */
  complete(guard: Pick<SampledGuard, 'fingerprint'>): DirectoryRelay | undefined {
    return this.listed(guard) && this.#directory?.relay(guard.fingerprint)
  }

  /** True when the guard can be used, reachable or not: it is listed and the filter lets it pass. */
  isFiltered(guard: SampledGuard): boolean {
    const relay = this.listed(guard)
    return relay !== undefined && guard.unlistedSince === undefined && this.#options.filter(relay)
  }

  /**
   * A new directory: guards that it no longer lists are marked, those too old are removed, and others take their
   * places.
   */
  update(directory: DirectoryView, now: number): void {
    this.#directory = directory
    this.#parameters = guardParameters(directory)
    this.#listedCount = possibleGuards(directory).length
    this.#arePrimariesCurrent = false
    if (!this.#isLive(now)) return
    for (const guard of this.#guards) this.#updateTimes(guard, now)
    this.#removeOld(now)
    this.expand(now)
  }

  /** Samples more guards until enough are usable, or the sample is as large as it may be. */
  expand(now: number): void {
    const directory = this.#directory
    if (directory === undefined || !this.#isLive(now)) return
    const { minFiltered, lifetime } = this.#parameters
    let usable = this.#guards.filter((guard) => guard.reachable !== 'no' && this.isFiltered(guard)).length
    if (usable >= minFiltered || this.#guards.length >= this.#maxSize()) return
    const sampled = new Set(this.#guards.map(({ fingerprint }) => fingerprint))
    const weights = new PositionWeights(directory)
    const eligible = possibleGuards(directory).filter(({ fingerprint }) => !sampled.has(fingerprint))
    const weigh = (relay: ConsensusRelay): number => weights.weigh(relay, 'guard')
    const list = new WeightedList(eligible, weigh)
    while (usable < minFiltered && this.#guards.length < this.#maxSize()) {
      const isFresh = ({ fingerprint }: ConsensusRelay): boolean => !sampled.has(fingerprint)
      const drawn =
        list.drawFitting(this.#options.random, isFresh) ??
        chooseWeighted(eligible.filter(isFresh), weigh, this.#options.random)
      if (drawn === undefined) return
      sampled.add(drawn.fingerprint)
      const sampledAt = randomPast(now, lifetime / 10, this.#options.random)
      this.#guards.push(
        new SampledGuard({
          fingerprint: drawn.fingerprint,
          sampledAt,
          unlistedSince: undefined,
          confirmedAt: undefined,
        }),
      )
      this.#hasChanged = true
      if (this.#options.filter(drawn)) usable++
    }
  }

  /** A circuit was built through the guard: it is preferred to those that never carried one. */
  confirm(guard: SampledGuard, now: number): void {
    if (guard.confirmedAt !== undefined) return
    guard.confirmedAt = randomPast(now, this.#parameters.lifetime / 10, this.#options.random)
    this.#arePrimariesCurrent = false
    this.#hasChanged = true
  }

  /**
   * The primary guards: the first confirmed ones that can be used; then those that were primary before; then the first
   * of the sample. In the order of the sample.
   */
  primaries(now: number): readonly SampledGuard[] {
    const count = this.#parameters.primaries
    if (this.#arePrimariesCurrent && this.#primaries.length >= count) return this.#primaries
    this.expand(now)
    const filtered = this.#guards.filter((guard) => this.isFiltered(guard))
    const inPreference = [
      ...filtered.filter(({ confirmedAt }) => confirmedAt !== undefined),
      ...this.#primaries.filter((guard) => filtered.includes(guard)),
      ...filtered.filter(({ reachable }) => reachable !== 'no'),
    ]
    const chosen = new Set([...new Set(inPreference)].slice(0, count))
    this.#primaries = this.#guards.filter((guard) => chosen.has(guard))
    this.#arePrimariesCurrent = true
    return this.#primaries
  }

  /** At most as many guards as the parameters say, but always enough to choose from. */
  #maxSize(): number {
    const { maxSample, maxSamplePercent, minFiltered } = this.#parameters
    return Math.max(minFiltered, Math.min(maxSample, Math.floor((this.#listedCount * maxSamplePercent) / 100)))
  }

  /** True when it is about the consensus's time. The sample is left alone otherwise: the clock may be wrong. */
  #isLive(now: number): boolean {
    if (this.#directory === undefined) return false
    const { validAfter, validUntil } = this.#directory.consensus
    return now >= validAfter - REASONABLY_LIVE && now <= validUntil + REASONABLY_LIVE
  }

  #updateTimes(guard: SampledGuard, now: number): void {
    const { lifetime, unlistedLifetime } = this.#parameters
    const { sampledAt, confirmedAt, unlistedSince } = guard
    const isListed = this.listed(guard) !== undefined
    const past = (interval: number): number => randomPast(now, interval, this.#options.random)
    // What lies in the future was written while the clock was wrong, and would never end.
    if (sampledAt > now) guard.sampledAt = past(lifetime / 10)
    if (confirmedAt !== undefined && confirmedAt > now) guard.confirmedAt = past(lifetime / 10)
    if (isListed) guard.unlistedSince = undefined
    else if (unlistedSince === undefined || unlistedSince > now) guard.unlistedSince = past(unlistedLifetime / 5)
    const isSame =
      guard.sampledAt === sampledAt && guard.confirmedAt === confirmedAt && guard.unlistedSince === unlistedSince
    if (!isSame) this.#hasChanged = true
  }

  #removeOld(now: number): void {
    const { lifetime, confirmedLifetime, unlistedLifetime } = this.#parameters
    const kept = this.#guards.filter(({ sampledAt, confirmedAt, unlistedSince }) => {
      if (unlistedSince !== undefined && now - unlistedSince > unlistedLifetime) return false
      return confirmedAt === undefined ? now - sampledAt <= lifetime : now - confirmedAt <= confirmedLifetime
    })
    if (kept.length === this.#guards.length) return
    this.#guards = kept
    this.#primaries = this.#primaries.filter((guard) => kept.includes(guard))
    this.#hasChanged = true
  }
}

/** The relay of a consensus with this fingerprint, if it can be a guard. */
export function findGuard({ consensus }: DirectoryView, fingerprint: string): ConsensusRelay | undefined {
  const relay = findRelay(consensus.relays, fingerprint)
  return relay && canBeGuard(relay) ? relay : undefined
}
