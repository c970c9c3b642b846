/**
 * The client's directory: kept from the last run or fetched, always verified, renewed in time (dir-spec section 5).
 *
 * @module
 */
import { checkClientProtocols } from '../../directory/client-protocols.ts'
import { ageOf, checkLifetime, nextFetch, type ConsensusAge } from '../../directory/consensus-lifetime.ts'
import { parseConsensus, type Consensus } from '../../directory/consensus.ts'
import { isUsable, NetworkDirectory } from '../../directory/network-directory.ts'
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import type { HashOptions } from '../../directory/text/hash-text.ts'
import { filterInSlices, pauseForTasks } from '../../base/waiting/slices.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { CertificateStore } from './certificate-store.ts'
import { MicrodescriptorStore } from './microdescriptor-store.ts'
import type { Patience } from './patience.ts'
import { unlessAborted } from '../../base/waiting/pause.ts'
import { describedFraction, neededFraction } from '../relays/path-fraction.ts'
import type { DirectoryKeeperOptions } from './keeper-options.ts'
import type { Wait } from './sources/attempts.ts'
import type { ClientPhase } from './status.ts'

/** How soon the directory is renewed anew because it is stale, in ms. */
const STALE_RETRY = 60_000

/**
 * How long nobody is asked again after a round that came to nothing, in ms: whoever wants a directory meanwhile is told what that one
 * came to. A client without one, and with streams that are tried often, would ask without a pause.
 */
const PAUSE_AFTER_FAILURE = 10_000

/** How a round goes. */
interface Round {
  /** Nobody waits for it, and nobody is told of its progress. */
  readonly isQuiet: boolean
  /** Whether there should be a newer consensus, or only what is missing for the one that is there. */
  readonly renews: boolean
  /** Somebody can do nothing before it is over. */
  readonly isAwaited: boolean
}

export class DirectoryKeeper {
  readonly #options: DirectoryKeeperOptions
  readonly #hashing: HashOptions
  readonly #certificates: CertificateStore
  readonly #microdescriptors: MicrodescriptorStore
  #directory: NetworkDirectory | undefined
  /** Whether enough of its relays are described. */
  #isComplete = false
  /** The newest that was verified: its relays may not be described yet. */
  #consensus: Consensus | undefined
  #refreshing: Promise<NetworkDirectory | undefined> | undefined
  #refreshedAt = -Infinity
  /** What the last round came to, if that is nothing, and when. */
  #failed: { readonly error: unknown; readonly at: number } | undefined
  #isQuiet = false
  /** Aborts when somebody can do nothing before the round that is under way is over. */
  #hurry = new AbortController()
  #patience: Patience | undefined

  constructor(options: DirectoryKeeperOptions) {
    this.#options = options
    this.#hashing = { newSha256: () => options.platform.sha256Hash() }
    this.#certificates = new CertificateStore(options)
    this.#microdescriptors = new MicrodescriptorStore(options)
  }

  /** The newest directory, usable or not. */
  get directory(): NetworkDirectory | undefined {
    return this.#directory
  }

  /** When the next consensus should be fetched, in ms since the epoch. */
  get nextFetch(): number {
    const { clock, random } = this.#options
    return this.#directory ? nextFetch(this.#directory.consensus, clock.now(), random) : clock.now()
  }

  /** Takes over what the last run kept, as far as it is still good. All of it is read at once. */
  async load(): Promise<void> {
    const { kept, closing } = this.#options
    const certificates = this.#certificates.load()
    const microdescriptors = this.#microdescriptors.load()
    const consensus = kept.useBytes('consensus', async (bytes) => {
      const parsed = await parseConsensus(bytes, this.#hashing)
      await Promise.all([certificates, microdescriptors])
      if (!(await this.#isGood(parsed))) return
      await pauseForTasks()
      const directory = await this.#directoryOf(parsed)
      await pauseForTasks()
      const isComplete = describedFraction(directory) >= neededFraction(directory)
      await pauseForTasks()
      if (isComplete) await this.#options.prepare?.(directory)
      if (closing.aborted) return
      this.#consensus = parsed
      this.#replaceBy(directory, isComplete)
      await pauseForTasks()
    })
    await Promise.all([certificates, microdescriptors, consensus])
  }

  /**
   * A directory that may be used now: the one that is there, or a new one. It describes enough of the relays by weight,
   * and the guards that would be used: whoever serves descriptions would choose paths and guards otherwise (path-spec,
   * "Getting enough directory information"; guard-spec 4.12). One that is stale is renewed beside, and what is missing
   * of it fetched.
   *
   * @throws TorError `DIRECTORY_…`, `CLIENT_OBSOLETE`, `ABORTED`
   */
  async usable(signal: AbortSignal): Promise<NetworkDirectory> {
    const { clock, warn, missingOfGuards } = this.#options
    const directory = this.#directory
    const age = directory && ageOf(directory.consensus, clock.now())
    // None yet, or too old by now, or the clock was set.
    if (directory === undefined || age === undefined) return this.#awaited(signal, true)
    warn(age.warning)
    const isStale = age.phase === 'stale'
    if (!this.#isComplete || missingOfGuards().length > 0) return this.#awaited(signal, isStale)
    const isWanting =
      isStale || directory.consensus !== this.#consensus || this.#microdescriptors.isWorthASearch(directory.missing)
    if (isWanting && Math.abs(clock.now() - this.#refreshedAt) >= STALE_RETRY)
      markHandled(this.#share(signal, { isQuiet: !isStale, renews: isStale, isAwaited: false }))
    return directory
  }

  /**
   * Fetches a newer consensus, if there should be one by now, and what is missing for it; at leisure, unless {@link usable} waits for
   * it. Calls at the same time share one round, which goes on when one of them is given up.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#share(signal, { isQuiet: true, renews: true, isAwaited: false })
  }

  /** Resolves when no round is under way. */
  async settled(): Promise<void> {
    await this.#refreshing?.catch(() => undefined) // whoever wanted it has been told
  }

  async #awaited(signal: AbortSignal, renews: boolean): Promise<NetworkDirectory> {
    const { clock } = this.#options
    for (;;) {
      const isSoon = Math.abs(clock.now() - (this.#failed?.at ?? -Infinity)) < PAUSE_AFTER_FAILURE
      if (isSoon && this.#refreshing === undefined) throw this.#failed?.error
      const directory = await this.#share(signal, { isQuiet: false, renews, isAwaited: true })
      if (directory !== undefined) return directory
      // The round that was under way has left descriptions out; the next one will not.
    }
  }

  /** Joins the round that is under way, or begins one. */
  #share(signal: AbortSignal, how: Round): Promise<NetworkDirectory | undefined> {
    if (this.#refreshing === undefined) {
      this.#hurry = new AbortController()
      this.#isQuiet = how.isQuiet
      this.#refreshedAt = this.#options.clock.now()
      const round = this.#refresh(how.renews, this.#options.closing)
      this.#refreshing = round.finally(() => {
        this.#options.source.release()
        this.#refreshing = undefined
      })
      this.#failed = undefined
      round.catch((error: unknown) => (this.#failed = { error, at: this.#options.clock.now() }))
      markHandled(this.#refreshing)
    }
    if (how.isAwaited) this.#hurry.abort()
    return unlessAborted(this.#refreshing, signal)
  }

  /** There is a directory that circuits are built by. */
  get #isUsable(): boolean {
    return this.#isComplete && this.#phase !== undefined && this.#options.missingOfGuards().length === 0
  }

  get #phase(): ConsensusAge['phase'] | undefined {
    return this.#directory && ageOf(this.#directory.consensus, this.#options.clock.now())?.phase
  }

  async #loadPatience(): Promise<Patience> {
    const loaded = await import('./patience.ts')
    return (this.#patience ??= new loaded.Patience({
      ...this.#options,
      isUsable: () => this.#isUsable,
      isStale: () => this.#phase === 'stale',
      hurry: () => this.#hurry.signal,
    }))
  }

  /** Gives nothing where there is a newer consensus, and its relays are left undescribed, as the client is idle. */
  async #refresh(renews: boolean, signal: AbortSignal): Promise<NetworkDirectory | undefined> {
    const patience = await this.#loadPatience()
    const { clock, missingOfGuards, snapshots, listed } = this.#options
    const known = this.#consensus
    const phase = known && ageOf(known, clock.now())?.phase
    const isGoodEnough = phase === 'fresh' || (!renews && phase !== undefined && phase !== 'stale')
    let consensus = known
    let snapshot: DirectorySnapshot | undefined
    if (consensus === undefined || !isGoodEnough) {
      this.#progress('consensus', 0)
      snapshot = await snapshots?.take(signal)
      const { searchConsensus } = await import('./consensus-search.ts')
      consensus = await searchConsensus(
        {
          ...this.#options,
          known,
          hashing: this.#hashing,
          certificates: this.#certificates,
          patience,
          judging: () => this.#progress('certificates', 0),
          verify: (parsed, problem) => this.#verify(parsed, problem),
        },
        snapshot,
        signal,
      )
    }
    this.#consensus = consensus
    await pauseForTasks()
    const usable = await filterInSlices(consensus.relays, isUsable)
    const wanted = new Set(usable.map(({ microdescriptorDigest }) => microdescriptorDigest))
    await pauseForTasks()
    if (snapshot) await this.#microdescriptors.offer(wanted, snapshot.microdescriptors)
    if (listed && this.#directory === undefined) {
      await pauseForTasks()
      await listed(await this.#directoryOf(consensus))
    }
    const progress = (done: number): void => {
      patience.arrived()
      this.#progress('microdescriptors', done)
    }
    const isEnough = async (): Promise<boolean> => {
      const some = await this.#directoryOf(consensus)
      return describedFraction(some) >= neededFraction(some) && missingOfGuards(some).length === 0
    }
    const manner = { progress, leisure: (): Wait => patience.ofDescriptions(isEnough, signal), isEnough }
    const rests = !this.#hurry.signal.aborted && this.#options.isIdle?.() === true
    if (rests && !(await isEnough())) return undefined
    const failure = rests ? undefined : await this.#microdescriptors.fetch(wanted, signal, manner)
    await pauseForTasks()
    const directory = await this.#directoryOf(consensus)
    await pauseForTasks()
    const fraction = describedFraction(directory)
    if (fraction < neededFraction(directory)) {
      if (failure !== undefined && directory.relays.length === 0) throw failure
      const percent = Math.floor(100 * fraction)
      const what = `the descriptions that could be had make ${percent} % of the paths, which is too little`
      throw new TorError('DIRECTORY_UNAVAILABLE', what, { cause: failure })
    }
    await pauseForTasks()
    await this.#options.prepare?.(directory)
    // The guards of now first: as long as theirs are missing the directory that is there goes on.
    if (missingOfGuards(directory).length === 0) this.#replaceBy(directory, true)
    // A new consensus may have changed them.
    if (this.#directory !== directory || missingOfGuards().length > 0)
      throw new TorError('DIRECTORY_UNAVAILABLE', 'the description of a guard could not be had', { cause: failure })
    return directory
  }

  /**
   * Verifies a kept consensus. False when it is of no use now, or when what would prove it is not there.
   *
   * @throws TorError, as rejection, when it is not what was signed
   */
  async #isGood(consensus: Consensus): Promise<boolean> {
    const { clock, closing } = this.#options
    if (closing.aborted || ageOf(consensus, clock.now()) === undefined) return false
    try {
      await this.#verify(consensus)
      return true
    } catch (error) {
      const isObsolete = error instanceof TorError && error.code === 'CLIENT_OBSOLETE'
      if (isObsolete || this.#certificates.lackSome(consensus)) return false
      throw error
    }
  }

  /**
   * More than half of the authorities signed it, it is of this day, and this client may take part.
   *
   * @param problem - why certificates are missing, if some are: then that is what is told
   */
  async #verify(consensus: Consensus, problem?: unknown): Promise<void> {
    const { clock, warn } = this.#options
    try {
      await this.#certificates.verify(consensus)
    } catch (error) {
      throw problem ?? error
    }
    warn(checkLifetime(consensus, clock.now()).warning)
    checkClientProtocols(consensus)
  }

  #progress(phase: ClientPhase, done: number): void {
    if (!this.#isQuiet) this.#options.progress(phase, done)
  }

  #directoryOf(consensus: Consensus): Promise<NetworkDirectory> {
    return NetworkDirectory.inSlices(consensus, this.#microdescriptors.all)
  }

  #replaceBy(directory: NetworkDirectory, isComplete: boolean): void {
    this.#directory = directory
    this.#isComplete = isComplete
    this.#options.changed(directory)
  }
}
