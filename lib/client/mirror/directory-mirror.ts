/**
 * A directory without a client around it: verified, kept fresh, and nothing else. No guards, no circuits for anybody.
 *
 * @module
 */
import { startTimer, systemClock, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { unlessAborted } from '../../base/waiting/pause.ts'
import { formatIPAddress, parseIPAddress } from '../../cell/ip-address.ts'
import { checkLifetime } from '../../directory/consensus-lifetime.ts'
import type { Consensus } from '../../directory/consensus.ts'
import { chosenNetwork } from '../../directory/network/chosen-network.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import { currentPlatform } from '../../platform/current.ts'
import type { Transport } from '../../platform/links/transport.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import { ClientStore } from '../bootstrap/client-store.ts'
import { DirectoryKeeper } from '../bootstrap/directory-keeper.ts'
import { DirectoryRenewal } from '../bootstrap/directory-renewal.ts'
import { DocumentSource } from '../bootstrap/sources/document-source.ts'
import { statusOf, type ClientPhase, type ClientStatus } from '../bootstrap/status.ts'
import { ChannelPool } from '../circuits/channel-pool.ts'
import { networkFlowControl } from '../relays/network-flow-control.ts'
import { secureRandom, shuffled } from '../../base/random.ts'
import { KeptTexts } from './kept-texts.ts'

/** What a mirror is made of. */
export interface DirectoryMirrorOptions {
  readonly network?: 'public' | NetworkConfig | undefined
  readonly transport?: Transport | undefined
  readonly storage?: Storage | undefined
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined
  /** How long opening may take, in ms. */
  readonly timeout: number
  readonly onProgress?: ((status: ClientStatus) => void) | undefined
  readonly clock?: Clock | undefined
  readonly platform?: Platform | undefined
}

export class DirectoryMirror {
  readonly #clock: Clock
  readonly #channels: ChannelPool
  readonly #store: ClientStore
  readonly #texts: KeptTexts
  readonly #keeper: DirectoryKeeper
  readonly #source: DocumentSource
  readonly #closing = new AbortController()
  readonly #onProgress: ((status: ClientStatus) => void) | undefined
  #phase: ClientPhase = 'connecting'
  #done = 0
  #warning: string | undefined
  #consensus: Consensus | undefined
  /** `address:port` of each relay, in the one form that {@link formatIPAddress} gives. */
  #addresses: ReadonlySet<string> = new Set()
  #snapshot: DirectorySnapshot | undefined
  readonly #renewal: DirectoryRenewal
  #closed: Promise<void> | undefined

  private constructor(options: DirectoryMirrorOptions, network: NetworkConfig, platform: Platform, storage: Storage) {
    const { clock = systemClock, onProgress } = options
    const transport = options.transport ?? platform.transport
    if (transport === undefined) throw new TypeError('Cannot fetch a directory as this runtime cannot dial')
    this.#clock = clock
    this.#onProgress = onProgress
    this.#channels = new ChannelPool({ transport, clock, platform })
    this.#store = new ClientStore(storage, clock, this.#closing.signal)
    this.#texts = new KeptTexts(this.#store)
    this.#source = new DocumentSource({
      channels: this.#channels,
      *servers(onlyAuthorities) {
        for (const servers of [onlyAuthorities ? [] : network.fallbacks, network.authorities])
          for (const server of shuffled(servers, secureRandom)) yield { server }
      },
      isOptimistic: () => true,
      known: (fingerprint) => this.#keeper.directory?.relay(fingerprint),
      flowControl: () => networkFlowControl(this.#keeper.directory, true),
      clock,
      platform,
      random: secureRandom,
    })
    this.#renewal = new DirectoryRenewal({
      clock,
      nextFetch: () => this.#keeper.nextFetch,
      refresh: () => this.#keeper.refresh(this.#closing.signal),
      isInUse: () => true,
    })
    this.#keeper = new DirectoryKeeper({
      network,
      source: this.#source,
      kept: this.#texts,
      clock,
      platform,
      closing: this.#closing.signal,
      // At the start of the time in which clients fetch theirs: what they know is known here.
      random: () => secureRandom(1 << 30) / (1 << 30) / 8,
      missingOfGuards: () => [],
      progress: (phase, done) => this.#progress(phase, done),
      changed: (directory) => this.#changed(directory),
      warn: (warning) => {
        this.#warning = warning
      },
    })
  }

  /**
   * Fetches a directory, or takes the one that is kept, and keeps it fresh from then on.
   *
   * @throws TorError `DIRECTORY_…`, `LINK_…`, `CLIENT_OBSOLETE`, `ABORTED`, `TIMEOUT`; then nothing stays open
   */
  static async open(options: DirectoryMirrorOptions): Promise<DirectoryMirror> {
    const { platform = currentPlatform(), signal, timeout } = options
    const network = await chosenNetwork(options.network)
    const storage = options.storage ?? (await platform.storage())
    const mirror = new DirectoryMirror(options, network, platform, storage)
    const deadline = new AbortController()
    const stopTimer = startTimer(mirror.#clock, timeout, () => deadline.abort())
    try {
      await mirror.#start(AbortSignal.any([deadline.signal, ...(signal ? [signal] : [])]))
      return mirror
    } catch (error) {
      const { lastFailure } = mirror.#source
      await mirror.close()
      if (signal?.aborted) throw new TorError('ABORTED', 'fetching the directory was aborted', { cause: signal.reason })
      if (!deadline.signal.aborted) throw error
      throw new TorError('TIMEOUT', `the directory was not there within ${timeout} ms`, { cause: lastFailure ?? error })
    } finally {
      stopTimer()
    }
  }

  /** How far it is. */
  get status(): ClientStatus {
    const warnings = [...(this.#warning === undefined ? [] : [this.#warning]), ...this.#store.warnings]
    return statusOf(this.#phase, this.#done, warnings)
  }

  /** True as long as the consensus that is there holds. */
  get isLive(): boolean {
    if (this.#consensus === undefined) return false
    try {
      return checkLifetime(this.#consensus, this.#clock.now()).phase !== 'stale'
    } catch {
      return false // that is what it throws for
    }
  }

  /** Until when the consensus is the newest there is, in ms since the epoch; undefined when there is none. */
  get freshUntil(): number | undefined {
    return this.#consensus?.freshUntil
  }

  /**
   * True when this is exactly the address and port of a relay in a consensus that holds now.
   *
   * @param address - as `formatIPAddress` writes it
   */
  has(address: string, port: number): boolean {
    return this.isLive && this.#addresses.has(`${address}:${port}`)
  }

  /** The documents of the directory that is there: the same object as long as it is the same. */
  get snapshot(): DirectorySnapshot | undefined {
    return this.#snapshot
  }

  /** Ends it. Nothing stays behind. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #start(signal: AbortSignal): Promise<void> {
    this.#progress('connecting', 0)
    await unlessAborted(this.#keeper.load(), signal)
    await this.#keeper.usable(signal)
    this.#progress('ready', 0)
    this.#renewal.start()
  }

  async #close(): Promise<void> {
    this.#closing.abort(new TorError('CIRCUIT_CLOSED', 'the directory is closed'))
    this.#renewal.stop()
    await this.#channels.close()
    await this.#keeper.settled()
    await this.#store.settled()
    this.#progress('closed', 0)
  }

  #changed({ consensus }: NetworkDirectory): void {
    this.#consensus = consensus
    const addresses = new Set<string>()
    for (const relay of consensus.relays)
      for (const { hostname, port } of relay.addresses) {
        const bytes = parseIPAddress(hostname)
        if (bytes !== undefined) addresses.add(`${formatIPAddress(bytes)}:${port}`)
      }
    this.#addresses = addresses
    this.#snapshot = this.#texts.snapshot
  }

  #progress(phase: ClientPhase, done: number): void {
    if (this.#phase === 'ready' && phase !== 'closed') return
    this.#phase = phase
    this.#done = done
    this.#onProgress?.(this.status)
  }
}
