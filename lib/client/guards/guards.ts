/**
 * Which guard a circuit begins at (guard-spec). A client connects to no other relays than a few guards that it keeps,
 * so that nobody who runs some relays sees it sooner or later.
 *
 * Where it is simpler than the specification, or otherwise:
 * - A circuit through a guard that is not primary waits for better guards, not for circuits through them: see
 *   {@link GuardManager.verdict}.
 * - Guards that a circuit's restriction leaves out do not count as better ones. In C tor such a circuit waits until
 *   they are down.
 * - While a guard that is not primary is being tried, for at most the connect timeout, further circuits go there too.
 *   In C tor each goes to a guard of its own.
 * - When every guard was found unreachable one is tried again at once.
 * - Path bias is counted in memory only, and only told: see path-bias.ts. No GuardFraction.
 *
 * No input, no output, no timers: everything is worked out when it is asked for.
 *
 * @module
 */
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import type { DirectoryView } from '../relays/directory-view.ts'
import { findGuard, GuardSample } from './guard-sample.ts'
import { formatGuardState, parseGuardState } from './guard-state.ts'
import { secureRandom, type Random } from '../../base/random.ts'
import { PathBias } from './path-bias.ts'
import type { SampledGuard } from './sampled-guard.ts'

/** What a manager needs. */
export interface GuardManagerOptions {
  /** The directory, if there is one already; else {@link GuardManager.updateDirectory} brings it. */
  readonly directory?: DirectoryView | undefined
  /** The time, in ms since the epoch. */
  readonly now: () => number
  /** @default secureRandom */
  readonly random?: Random
  /**
   * Which relays can be connected to from here. Guards are sampled without regard to it (guard-spec 4.2). @default all
   */
  readonly filter?: (relay: ConsensusRelay) => boolean
}

/** What a guard must be beside. */
export interface GuardRestriction<R = DirectoryRelay> {
  /** False for guards that do not go with the rest of the path. */
  readonly allows?: (relay: R) => boolean
}

/** A guard for one circuit. Whoever gets it tells the manager what became of it. */
export interface GuardPick<R = DirectoryRelay> {
  readonly relay: R
}

/**
 * What to do with a circuit that was built: `use` it; `wait`, because a better guard may yet turn out to be reachable;
 * or `discard` it, because one did, or because the guard is no longer one of ours.
 */
export type GuardVerdict = 'use' | 'wait' | 'discard'

/** An attempt that was begun. */
interface Attempt {
  readonly guard: SampledGuard
  /** Whether another guard could have been picked in its place. */
  readonly suits: (guard: SampledGuard) => boolean
}

/** The guards of one client. */
export class GuardManager {
  readonly #sample: GuardSample
  readonly #now: () => number
  readonly #random: Random
  readonly #attempts = new WeakMap<GuardPick<unknown>, Attempt>()
  readonly #pathBias = new PathBias()
  #directory: DirectoryView | undefined
  /** When a circuit was last built. */
  #lastOnlineAt = -Infinity
  /** True when there was a state that could not be read. */
  readonly wasCorrupt: boolean

  private constructor(state: string | undefined, options: GuardManagerOptions) {
    const records = state === undefined ? [] : parseGuardState(state)
    this.wasCorrupt = records === undefined
    this.#now = options.now
    this.#random = options.random ?? secureRandom
    this.#sample = new GuardSample(records ?? [], { random: this.#random, filter: options.filter ?? (() => true) })
    if (options.directory !== undefined) this.updateDirectory(options.directory)
  }

  /** The guards that {@link save} wrote; fresh ones without a state, or when it cannot be read. */
  static load(state: string | undefined, options: GuardManagerOptions): GuardManager {
    return new GuardManager(state, options)
  }

  /** What is to be kept until the next run. From now on there is nothing to save until something changes. */
  save(): string {
    this.#sample.stored()
    return formatGuardState(this.#sample.guards)
  }

  /** Takes over the guards that another client {@link save}d in the same place; false when they cannot be read. */
  merge(state: string): boolean {
    const records = parseGuardState(state)
    if (records !== undefined) this.#sample.merge(records, this.#now())
    return records !== undefined
  }

  /** True once there is a directory: there may be guards without one, of the last run, that nothing is known of. */
  get hasDirectory(): boolean {
    return this.#directory !== undefined
  }

  /** True when there is something to save. */
  get changed(): boolean {
    return this.#sample.hasChanged
  }

  /** The fingerprints of the sampled guards, in the order in which they were sampled. */
  get sampled(): readonly string[] {
    return this.#sample.guards.map(({ fingerprint }) => fingerprint)
  }

  /** The fingerprints of the primary guards, in order of preference. */
  get primaries(): readonly string[] {
    return this.#sample.primaries(this.#now()).map(({ fingerprint }) => fingerprint)
  }

  /** A new directory. The sample follows it only while the clock says that it is about the consensus's time. */
  updateDirectory(directory: DirectoryView): void {
    this.#directory = directory
    this.#sample.update(directory, this.#now())
  }

  /**
   * The primary guards that would be used next and whose microdescriptors are missing, in the present directory or in
   * this one: no circuit should be built before they were asked for, or whoever serves microdescriptors could choose
   * our guards (guard-spec 4.12).
   */
  missingMicrodescriptors(directory?: DirectoryView): readonly ConsensusRelay[] {
    const now = this.#now()
    const next = this.#sample
      .primaries(now)
      .filter((guard) => this.#isWorthATry(guard, now, true))
      .slice(0, this.#sample.parameters.primariesToUse + 1)
    const listed = next.map((guard) =>
      directory === undefined ? this.#sample.listed(guard) : findGuard(directory, guard.fingerprint),
    )
    const isComplete = ({ fingerprint }: ConsensusRelay): boolean =>
      (directory === undefined ? this.#sample.complete({ fingerprint }) : directory.relay(fingerprint)) !== undefined
    return listed.filter((relay) => relay !== undefined).filter((relay) => !isComplete(relay))
  }

  /** A guard for a circuit; undefined when none fits. */
  pick(restriction: GuardRestriction = {}): GuardPick | undefined {
    return this.#pick((guard) => this.#sample.complete(guard), restriction, this.#sample.parameters.primariesToUse)
  }

  /**
   * A guard to fetch documents from, over a circuit of one hop; its microdescriptor may be missing. Undefined when none
   * fits.
   */
  pickForDirectory(restriction: GuardRestriction<ConsensusRelay> = {}): GuardPick<ConsensusRelay> | undefined {
    return this.#pick((guard) => this.#sample.listed(guard), restriction, this.#sample.parameters.primariesForDirectory)
  }

  /** The circuit was built, or the document fetched: the guard is reachable, and ours from now on. */
  succeeded(pick: GuardPick<unknown>): GuardVerdict {
    const attempt = this.#attempts.get(pick)
    if (attempt === undefined) return 'discard'
    const now = this.#now()
    const { guard } = attempt
    const offlineFor = now - this.#lastOnlineAt
    this.#lastOnlineAt = now
    guard.succeeded()
    if (!this.#sample.guards.includes(guard)) return 'discard'
    this.#sample.confirm(guard, now)
    const primaries = this.#sample.primaries(now)
    if (!primaries.includes(guard) && (offlineFor < 0 || offlineFor > this.#sample.parameters.internetLikelyDown)) {
      // That the better ones failed was perhaps not their fault.
      for (const primary of primaries) primary.retryNow()
    }
    return this.verdict(pick)
  }

  /**
   * The guard could not be connected to, or did not answer. What goes wrong beyond it says nothing about it: see {@link
   * cancelled}.
   */
  failed(pick: GuardPick<unknown>): void {
    this.#attempts.get(pick)?.guard.failed(this.#now())
  }

  /** The circuit came to nothing for another reason. */
  cancelled(pick: GuardPick<unknown>): void {
    this.#attempts.get(pick)?.guard.givenUp()
  }

  /** A circuit got as far as the guard, and then was built or failed beyond it. */
  beyond({ relay: { fingerprint } }: GuardPick, isBuilt: boolean): void {
    if (this.#directory !== undefined) this.#pathBias.count(fingerprint, isBuilt, this.#directory)
  }

  /** What the user should know of the guards. */
  get warning(): string | undefined {
    return this.#directory && this.#pathBias.warning(this.#directory)
  }

  /**
   * What to do with a circuit that was built. For one that waits, {@link pick} another guard: it will be the better
   * one. Ask again when that has come to a result.
   *
   * A circuit through a primary guard is used. One through another guard waits while a primary guard is worth a try, or
   * while a better guard has been tried for less than the connect timeout.
   */
  verdict(pick: GuardPick<unknown>): GuardVerdict {
    const attempt = this.#attempts.get(pick)
    if (attempt === undefined || !this.#sample.guards.includes(attempt.guard)) return 'discard'
    const now = this.#now()
    const primaries = this.#sample.primaries(now)
    if (primaries.includes(attempt.guard)) return 'use'
    let verdict: GuardVerdict = 'use'
    for (const better of this.#betterThan(attempt.guard, primaries)) {
      const isPrimary = primaries.includes(better)
      if (!attempt.suits(better) || !this.#isWorthATry(better, now, isPrimary)) continue
      if (better.reachable === 'yes') return 'discard'
      const pendingFor = better.pendingFor(now)
      if (isPrimary || (pendingFor !== undefined && pendingFor < this.#sample.parameters.connectTimeout))
        verdict = 'wait'
    }
    return verdict
  }

  /** The network has changed, or the clock has jumped: what was unreachable is worth a try at once. */
  retryAll(): void {
    for (const guard of this.#sample.guards) guard.retryNow()
  }

  #pick<R>(
    relayOf: (guard: SampledGuard) => R | undefined,
    { allows }: GuardRestriction<R>,
    toUse: number,
  ): GuardPick<R> | undefined {
    const suits = (guard: SampledGuard): boolean => {
      const relay = relayOf(guard)
      return relay !== undefined && (allows === undefined || allows(relay)) && this.#sample.isFiltered(guard)
    }
    let guard = this.#select(suits, toUse)
    if (guard === undefined && this.#sample.guards.some(suits)) {
      // All of them are down, so it may be the network that is (guard-spec 4.6).
      this.retryAll()
      guard = this.#select(suits, toUse)
    }
    const relay = guard === undefined ? undefined : relayOf(guard)
    if (guard === undefined || relay === undefined) return undefined
    guard.tried(this.#now())
    const pick = { relay }
    this.#attempts.set(pick, { guard, suits })
    return pick
  }

  /** Selects among the guards that suit, primary ones first (guard-spec 4.6). */
  #select(suits: (guard: SampledGuard) => boolean, toUse: number): SampledGuard | undefined {
    const now = this.#now()
    const primaries = this.#sample.primaries(now)
    const usable = this.#usablePrimaries(primaries, suits, toUse)
    if (usable.length > 0) return usable[this.#random(usable.length)]
    this.#sample.expand(now)
    const others = this.#sample.guards.filter((guard) => {
      const pendingFor = guard.pendingFor(now) ?? 0
      if (primaries.includes(guard) || pendingFor >= this.#sample.parameters.connectTimeout) return false
      return suits(guard) && this.#isWorthATry(guard, now, false)
    })
    return others.find(({ confirmedAt }) => confirmedAt !== undefined) ?? others[0]
  }

  /**
   * The primary guards to choose from. One that does not go with the rest of the path counts as one of those to use, so
   * that who chooses the rest of the path cannot move the client on to more of its guards; unless none would be left.
   */
  #usablePrimaries(
    primaries: readonly SampledGuard[],
    suits: (guard: SampledGuard) => boolean,
    toUse: number,
  ): SampledGuard[] {
    const now = this.#now()
    const usable: SampledGuard[] = []
    let considered = 0
    for (const guard of primaries) {
      if (considered >= toUse && usable.length > 0) break
      if (!this.#isWorthATry(guard, now, true)) continue
      considered++
      if (suits(guard)) usable.push(guard)
    }
    return usable
  }

  /** True when a guard is not known to be unreachable, or it is time to see again. */
  #isWorthATry(guard: SampledGuard, now: number, isPrimary: boolean): boolean {
    guard.retryWhenDue(now, isPrimary)
    return guard.reachable !== 'no'
  }

  /** The guards that are preferred to one that is not primary. */
  #betterThan(guard: SampledGuard, primaries: readonly SampledGuard[]): readonly SampledGuard[] {
    const others = this.#sample.guards.filter((other) => !primaries.includes(other))
    const isConfirmed = ({ confirmedAt }: SampledGuard): boolean => confirmedAt !== undefined
    const inPreference = [...others.filter(isConfirmed), ...others.filter((other) => !isConfirmed(other))]
    return [...primaries, ...inPreference.slice(0, inPreference.indexOf(guard))]
  }
}
