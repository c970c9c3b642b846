/**
 * What all views of one client share: directory, guards, circuits, and their life.
 *
 * @module
 */
import type { Clock } from '../clock.ts'
import type { NetworkConfig } from '../directory/network-config.ts'
import type { NetworkDirectory } from '../directory/network-directory.ts'
import { TorError } from '../errors.ts'
import type { Platform, Transport } from '../platform/platform.ts'
import type { Storage } from '../platform/storage.ts'
import { ChannelPool } from './channel-pool.ts'
import { CircuitPool } from './circuit-pool.ts'
import { DirectoryKeeper } from './directory-keeper.ts'
import { DocumentSource, type ServerPick } from './document-source.ts'
import { GuardManager } from './guards.ts'
import { Keepsake } from './keepsake.ts'
import { LearnedPolicies } from './learned-policies.ts'
import { PathSelector } from './path-selection.ts'
import { shuffled, type Random } from './random.ts'
import { statusOf, type ClientPhase, type ClientStatus } from './status.ts'

/** What a client is made of. */
export interface ClientCoreOptions {
  readonly network: NetworkConfig
  readonly transport: Transport
  readonly storage: Storage
  readonly clock: Clock
  readonly platform: Platform
  readonly random: Random
  onProgress(status: ClientStatus): void
}

/** How soon a failed renewal of the directory is tried again, in ms. */
const RENEWAL_RETRY = 60_000

export class ClientCore {
  readonly pool: CircuitPool
  readonly network: NetworkConfig
  readonly clock: Clock
  readonly #options: ClientCoreOptions
  readonly #channels: ChannelPool
  readonly #keeper: DirectoryKeeper
  readonly #kept: Keepsake
  readonly #learned: LearnedPolicies
  readonly #closing = new AbortController()
  #guards: GuardManager
  #paths: PathSelector | undefined
  #warning: string | undefined
  #phase: ClientPhase = 'connecting'
  #done = 0
  #stopRenewal: (() => void) | undefined

  constructor(options: ClientCoreOptions) {
    const { network, transport, storage, clock, platform, random } = options
    this.#options = options
    this.network = network
    this.clock = clock
    this.#channels = new ChannelPool({ transport, clock, platform })
    this.#kept = new Keepsake(storage)
    this.#learned = new LearnedPolicies(() => clock.now())
    this.#guards = GuardManager.load(undefined, { now: () => clock.now(), random })
    const source = new DocumentSource({
      channels: this.#channels,
      servers: () => this.#servers(),
      keepsChannel: (fingerprint) => this.#guards.sampled.includes(fingerprint),
      clock,
      platform,
    })
    this.#keeper = new DirectoryKeeper({
      network,
      source,
      kept: this.#kept,
      clock,
      platform,
      random: () => random(1 << 30) / (1 << 30),
      progress: (phase, done) => this.#progress(phase, done),
      changed: (directory) => this.#directoryChanged(directory),
      warn: (warning) => {
        this.#warning = warning
      },
    })
    this.pool = new CircuitPool({
      channels: this.#channels,
      guards: () => this.#guards,
      learned: this.#learned,
      paths: (signal) => this.#currentPaths(signal),
      guardsChanged: () => void this.#keepGuards(),
      clock,
      platform,
    })
  }

  /** How far the client has come. */
  get status(): ClientStatus {
    return statusOf(this.#phase, this.#done, this.#warning === undefined ? [] : [this.#warning])
  }

  /** Aborts when the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * From nothing to a first open circuit.
   *
   * @throws TorError `DIRECTORY_…`, `LINK_…`, `CIRCUIT_…`, `NO_PATH`, `CLIENT_OBSOLETE`, `ABORTED`
   */
  async start(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#closing.signal])
    this.#progress('connecting', 0)
    await this.#kept.use('guards', (text) => {
      const { clock, random } = this.#options
      const guards = GuardManager.load(text, { now: () => clock.now(), random })
      if (guards.wasCorrupt) throw new TorError('DIRECTORY_MALFORMED', 'the kept guards cannot be read')
      this.#guards = guards
    })
    await this.#keeper.load()
    await this.#keeper.usable(both)
    this.#progress('circuit', 0)
    await this.pool.warmUp(both)
    this.#progress('ready', 0)
    this.#planRenewal()
  }

  /** Closes all that is open. Nothing stays behind: no socket, timer or pending promise. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new TorError('CIRCUIT_CLOSED', 'the client is closed'))
    this.#stopRenewal?.()
    await this.pool.close()
    await this.#channels.close()
    await this.#keepGuards()
    this.#progress('closed', 0)
  }

  async #currentPaths(signal: AbortSignal | undefined): Promise<PathSelector> {
    await this.#keeper.usable(signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal)
    return this.#paths as PathSelector
  }

  #directoryChanged(directory: NetworkDirectory): void {
    const { network, random } = this.#options
    this.#guards.updateDirectory(directory)
    this.#paths = new PathSelector(directory, { guards: this.#guards, learned: this.#learned, random, testing: network.testing })
    void this.#keepGuards()
  }

  /** A guard that serves the directory, where there is one already; else fallbacks and authorities at random. */
  *#servers(): Iterable<ServerPick> {
    const { network, random } = this.#options
    const directory = this.#keeper.directory
    if (directory) {
      const pick = this.#guards.pickForDirectory()
      const relay = pick && directory.relay(pick.relay.fingerprint)
      if (pick && relay) {
        yield {
          server: relay,
          settled: (reachable) => (reachable ? void this.#guards.succeeded(pick) : this.#guards.failed(pick)),
        }
      } else if (pick) {
        this.#guards.cancelled(pick)
      }
    }
    for (const server of [...shuffled(network.fallbacks, random), ...shuffled(network.authorities, random)]) yield { server }
  }

  /** Fetches the next consensus in time, as long as the client is open. */
  #planRenewal(): void {
    const { clock } = this.#options
    const plan = (delay: number): void => {
      if (!this.#closing.signal.aborted) this.#stopRenewal = clock.after(Math.max(1000, delay), renew)
    }
    const renew = (): void => {
      this.#keeper.refresh(this.#closing.signal).then(
        () => plan(this.#keeper.nextFetch - clock.now()),
        () => plan(RENEWAL_RETRY),
      )
    }
    plan(this.#keeper.nextFetch - clock.now())
  }

  async #keepGuards(): Promise<void> {
    if (this.#guards.changed) await this.#kept.keep('guards', this.#guards.save())
  }

  /** Renewals go on behind a client that is ready, and do not make it less so. */
  #progress(phase: ClientPhase, done: number): void {
    if (this.#phase === 'ready' && phase !== 'closed') return
    this.#phase = phase
    this.#done = done
    this.#options.onProgress(this.status)
  }
}
