/**
 * What all views of one client share: directory, guards, circuits, and their life.
 *
 * @module
 */
import { readLinkPadding, type LinkPaddingMode, type LinkPaddingRanges } from '../channel/link-padding.ts'
import { firstOf } from '../base/waiting/abort.ts'
import { monotonicTime, type Clock } from '../base/waiting/clock.ts'
import type { NetworkConfig } from '../directory/network/network-config.ts'
import type { NetworkDirectory } from '../directory/network-directory.ts'
import { TorError } from '../base/errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Transport } from '../platform/links/transport.ts'
import type { Storage } from '../platform/storage/storage.ts'
import { BuildTimes } from './circuits/build-times/build-times.ts'
import { ChannelPool } from './circuits/channel-pool.ts'
import { CircuitPool } from './circuits/circuit-pool.ts'
import { PredictedPorts } from './circuits/prediction/predicted-ports.ts'
import { DirectoryKeeper } from './bootstrap/directory-keeper.ts'
import { DirectoryRenewal } from './bootstrap/directory-renewal.ts'
import { LazySource } from './bootstrap/lazy-source.ts'
import { LazyOnions } from './lazy-onions.ts'
import { GuardManager } from './guards/guards.ts'
import type { WorkOptions } from '../onion/client/client-work.ts'
import { ClientStore } from './bootstrap/client-store.ts'
import type { SnapshotSource } from './bootstrap/sources/snapshot-source.ts'
import { LearnedPolicies } from './paths/learned-policies.ts'
import type { OnionParts } from './onion/onion-parts.ts'
import { Observer } from './watch/observer.ts'
import type { CountryLookup } from './watch/seen.ts'
import { networkFlowControl, type NetworkFlowControl } from './relays/network-flow-control.ts'
import { findPossibleGuards } from './relays/possible-guards.ts'
import type { PathSelector } from './paths/path-selection.ts'
import { PathsByDirectory } from './paths/paths-by-directory.ts'
import { unlessAborted } from '../base/waiting/pause.ts'
import type { Random } from '../base/random.ts'
import { statusOf, type ClientPhase, type ClientStatus } from './bootstrap/status.ts'

/** What a client is made of. */
export interface ClientCoreOptions {
  readonly network: NetworkConfig
  readonly transport: Transport
  readonly storage: Storage
  readonly clock: Clock
  readonly platform: Platform
  readonly random: Random
  /** False for fixed windows, whatever the network says. */
  readonly congestionControl: boolean
  /** How much links are padded. */
  readonly linkPadding: LinkPaddingMode
  /** Where all of the directory is to be had outside Tor, if the user gave a place. */
  readonly snapshots: SnapshotSource | undefined
  readonly work: WorkOptions | undefined
  readonly countryOf?: CountryLookup | undefined
  onProgress(status: ClientStatus): void
}

export class ClientCore {
  readonly pool: CircuitPool
  readonly network: NetworkConfig
  readonly clock: Clock
  readonly platform: Platform
  /** What there is to see. */
  readonly observer: Observer
  readonly #options: ClientCoreOptions
  readonly #channels: ChannelPool
  readonly #buildTimes: BuildTimes
  readonly #keeper: DirectoryKeeper
  readonly #source: LazySource
  readonly #kept: ClientStore
  readonly #learned: LearnedPolicies
  readonly #closing = new AbortController()
  readonly #pathsBy: PathsByDirectory
  #guards: GuardManager
  #paths: PathSelector | undefined
  #warning: string | undefined
  /** What is kept of the guards is not what they are. */
  #areGuardsUnsaved = false
  #phase: ClientPhase = 'connecting'
  #done = 0
  readonly #renewal: DirectoryRenewal
  readonly #onions: LazyOnions
  #closed: Promise<void> | undefined
  /** Changes with each new identity. */
  #identity: symbol = Symbol('identity')

  constructor(options: ClientCoreOptions) {
    const { network, transport, storage, clock, platform, random } = options
    this.#options = options
    this.network = network
    this.clock = clock
    this.platform = platform
    this.observer = new Observer({ clock, status: () => this.status, countryOf: options.countryOf })
    const { linkPadding } = options
    const linkPaddingRanges = (): LinkPaddingRanges => readLinkPadding((...question) => this.#param(...question))
    this.#channels = new ChannelPool({ transport, clock, platform, linkPadding, linkPaddingRanges, random })
    this.#buildTimes = new BuildTimes({
      param: (...question) => this.#param(...question),
      now: () => monotonicTime(clock),
      lastLive: () => this.#channels.lastReceived,
      random,
      changed: () => this.#keepBuildTimes(),
    })
    this.#kept = new ClientStore(storage, clock, this.#closing.signal)
    this.#learned = new LearnedPolicies(() => clock.now())
    const [learned, { testing }] = [this.#learned, network]
    this.#pathsBy = new PathsByDirectory(() => ({ guards: this.#guards, learned, random, testing }))
    this.#guards = GuardManager.load(undefined, { now: () => clock.now(), random })
    this.#source = new LazySource(async () => {
      const { clientSource } = await import('./bootstrap/sources/client-source.ts')
      return clientSource({
        network,
        guards: () => this.#guards,
        channels: this.#channels,
        watcher: this.observer,
        isOptimistic: () => this.isOptimistic,
        known: (fingerprint) => this.#keeper.directory?.relay(fingerprint),
        flowControl: () => this.#flowControl(),
        clock,
        platform,
        random,
      })
    })
    this.#keeper = new DirectoryKeeper({
      network,
      source: this.#source,
      snapshots: options.snapshots,
      kept: this.#kept,
      clock,
      platform,
      closing: this.#closing.signal,
      random: () => random(1 << 30) / (1 << 30),
      missingOfGuards: (directory) =>
        this.#guards.missingMicrodescriptors(directory).map(({ microdescriptorDigest }) => microdescriptorDigest),
      progress: (phase, done) => this.#progress(phase, done),
      listed: (directory) => findPossibleGuards(directory).then(() => this.#guards.updateDirectory(directory)),
      prepare: (directory) => this.#pathsBy.prepare(directory),
      isIdle: () => predicted.remaining === 0,
      changed: (directory) => this.#directoryChanged(directory),
      warn: (warning) => {
        this.#warning = warning
      },
    })
    this.#renewal = new DirectoryRenewal({
      clock,
      nextFetch: () => this.#keeper.nextFetch,
      refresh: () => this.#keeper.refresh(this.#closing.signal),
      isInUse: () => this.observer.hasStreams,
    })
    const predicted = new PredictedPorts({
      param: (...question) => this.#param(...question),
      now: () => clock.now(),
      random,
      isReduced: linkPadding === 'reduced',
      used: () => this.#renewal.used(),
    })
    const shared = {
      channels: this.#channels,
      watcher: this.observer,
      times: this.#buildTimes,
      predicted,
      guards: () => this.#guards,
      guardsChanged: () => void this.#keepGuards(),
      clock,
      platform,
      random,
    }
    this.#onions = new LazyOnions({
      ...shared,
      directory: (signal) => this.#usableDirectory(signal),
      known: () => this.#keeper.directory,
      circuitWindow: () => this.#flowControl().circuitWindow,
      congestionControl: options.congestionControl,
      testing: network.testing === true,
      work: options.work,
      closing: this.#closing.signal,
      changed: () => this.pool.ahead.changed(),
      failed: () => this.pool.ahead.failed(),
    })
    this.pool = new CircuitPool({
      ...shared,
      onions: this.#onions,
      learned: this.#learned,
      paths: (signal) => this.#currentPaths(signal),
      flowControl: () => this.#flowControl(),
    })
  }

  /** How far the client has come. */
  get status(): ClientStatus {
    const own = [this.#warning, this.#options.snapshots?.warning, this.#guards.warning].filter(
      (warning) => warning !== undefined,
    )
    const warnings = [...own, ...this.#kept.warnings]
    return statusOf(this.#phase, this.#done, warnings)
  }

  /** What went wrong last, for whoever waits in vain. */
  get lastFailure(): unknown {
    return this.#phase === 'circuit' ? this.pool.lastFailure : this.#source.lastFailure
  }

  /** Whether streams that are told nothing send DATA before CONNECTED (param-spec, `UseOptimisticData`). */
  get isOptimistic(): boolean {
    return this.#param('UseOptimisticData', 1, 0, 1) !== 0
  }

  /** What goes together; see {@link renewIdentity}. */
  get identity(): symbol {
    return this.#identity
  }

  /** What begins from now on shares no circuit with what was before. */
  renewIdentity(): void {
    this.#identity = Symbol('identity')
    this.pool.renew()
    void this.#onions.used.then((onions) => onions?.renew())
  }

  /**
   * From nothing to a first open circuit.
   *
   * @throws TorError `DIRECTORY_…`, `LINK_…`, `CIRCUIT_…`, `NO_PATH`, `CLIENT_OBSOLETE`, `ABORTED`
   */
  async start(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#closing.signal])
    this.#progress('connecting', 0)
    await Promise.all([
      this.#kept.use('guards', (text) => {
        const { clock, random } = this.#options
        const guards = GuardManager.load(text, { now: () => clock.now(), random })
        if (guards.wasCorrupt) throw unreadableGuards()
        this.#guards = guards
      }),
      this.#kept.use('build-times', (text) => this.#buildTimes.load(text)),
    ])
    // Without a look at what is kept, nothing may be made of its being missing.
    await unlessAborted(this.#keeper.load(), both)
    await this.#keeper.usable(both)
    this.#progress('circuit', 0)
    this.#options.snapshots?.end() // a client that has a directory asks relays
    await this.pool.warmUp(both)
    this.#progress('ready', 0)
    this.#renewal.start()
  }

  /** The onion services of this client, one of which somebody has to do with. */
  onions(): Promise<OnionParts> {
    return this.#onions.parts()
  }

  /** Closes all that is open. Nothing stays behind: no socket, timer or pending promise. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    // Nobody is told of what ends with it, not even of what ends first.
    this.#channels.hush()
    this.#closing.abort(new TorError('CIRCUIT_CLOSED', 'the client is closed'))
    this.#renewal.stop()
    await this.pool.close()
    await (await this.#onions.used)?.close()
    await this.#channels.close()
    await this.#keeper.settled()
    await this.#keepGuards()
    if (this.#buildTimes.isUnsaved) this.#keepBuildTimes()
    await this.#kept.settled()
    this.#progress('closed', 0)
  }

  /** A parameter of the network, as far as it is known. */
  #param(name: string, fallback: number, least: number, most: number): number {
    return this.#keeper.directory?.param(name, fallback, least, most) ?? fallback
  }

  async #currentPaths(signal: AbortSignal | undefined): Promise<PathSelector> {
    await this.#usableDirectory(signal)
    return this.#paths as PathSelector
  }

  async #usableDirectory(signal: AbortSignal | undefined): Promise<NetworkDirectory> {
    const { signal: either, end } = firstOf(this.#closing.signal, ...(signal ? [signal] : []))
    try {
      return await this.#keeper.usable(either)
    } finally {
      end()
    }
  }

  #flowControl(): NetworkFlowControl {
    return networkFlowControl(this.#keeper.directory, this.#options.congestionControl)
  }

  #directoryChanged(directory: NetworkDirectory): void {
    this.#guards.updateDirectory(directory)
    this.#paths = this.#pathsBy.in(directory)
    void this.#keepGuards()
    void this.#onions.used.then((onions) => onions?.directoryChanged(directory))
  }

  /** Keeps the guards together with those that other clients have kept in the same place; they become ours too. */
  async #keepGuards(): Promise<void> {
    const guards = this.#guards
    if (!guards.changed && !this.#areGuardsUnsaved) return
    const isKept = await this.#kept.merge('guards', (kept) => {
      if (kept !== undefined && !guards.merge(kept)) throw unreadableGuards()
      return guards.save()
    })
    this.#areGuardsUnsaved = !isKept
  }

  /** Keeps how long circuits took. Of several clients in the same place the last one says. */
  #keepBuildTimes(): void {
    void this.#kept.keep('build-times', this.#buildTimes.save())
  }

  /** Renewals go on behind a client that is ready, and do not make it less so. */
  #progress(phase: ClientPhase, done: number): void {
    if (this.#phase === 'ready' && phase !== 'closed') return
    this.#phase = phase
    this.#done = done
    this.observer.statusChanged()
    this.#options.onProgress(this.status)
  }
}

const unreadableGuards = (): TorError => new TorError('DIRECTORY_MALFORMED', 'the kept guards cannot be read')
