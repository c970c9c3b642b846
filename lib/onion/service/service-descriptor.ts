/**
 * One of the two descriptors that a service has at any time: its keys in that period, its introduction points, and the
 * relays that keep it.
 *
 * @module
 */
import { startBackgroundTimer } from '../../base/waiting/clock.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import { blindExpanded, expandSeed, publicKeyOf, signExpanded } from '../identity/expanded-key.ts'
import { blindedIdentity, type BlindedIdentity } from '../identity/key-blinding.ts'
import type { OnionKey } from '../identity/onion-key.ts'
import type { ServiceNetwork } from '../network/service-network.ts'
import { keepsDescriptors } from '../ring/descriptor-keepers.ts'
import { HashRing } from '../ring/hash-ring.ts'
import type { ServiceRingTime } from '../ring/time-period.ts'
import type { Signer } from './descriptor/certificate.ts'
import { descriptorText } from './descriptor/descriptor-writer.ts'
import { DESCRIPTOR_COOKIE_SIZE } from './descriptor/middle-writer.ts'
import { DescriptorPublisher, type Publication } from './descriptor/publisher.ts'
import { revisionAt, revisionKey } from './descriptor/revision-counter.ts'
import type { IntroductionPoint } from './introduction/introduction-point.ts'
import { IntroductionPoints } from './introduction/introduction-points.ts'
import type { LaunchLimit } from './introduction/launch-limit.ts'

/** How long certificates hold, in ms: longer than a descriptor is used, by clocks that are wrong (C tor's). */
const CERTIFICATE_LIFETIME = 54 * 3_600_000

/** How long a descriptor waits for the introduction points that are missing once there is one, in ms. */
const PATIENCE = 10_000

/** What a descriptor is made of. */
export interface ServiceDescriptorOptions {
  readonly network: ServiceNetwork
  readonly key: OnionKey
  readonly time: ServiceRingTime
  readonly directory: NetworkDirectory
  /** X25519 keys of those who may read it; undefined for everybody. */
  readonly clients: readonly Uint8Array[] | undefined
  readonly introductionPoints: number
  readonly launches: LaunchLimit
  /** What it asks of clients, as a line; undefined for nothing. */
  proofOfWork(): string | undefined
  /** How many cells a SENDME stands for; undefined without congestion control. */
  sendmeIncrement(): number | undefined
  /** A client is passed on by a point of this descriptor. */
  introduced(descriptor: ServiceDescriptor, point: IntroductionPoint, body: Uint8Array): void
  /** Points or uploads are not what they were. */
  changed(): void
}

export class ServiceDescriptor {
  readonly identity: BlindedIdentity
  readonly points: IntroductionPoints
  readonly publisher: DescriptorPublisher
  readonly #options: ServiceDescriptorOptions
  readonly #end = new AbortController()
  readonly #blinded: Signer
  readonly #signing: Signer
  readonly #revisionKey: Uint8Array
  readonly #cookie: Uint8Array
  #lastRevision = 0n
  #since: number
  #relays: readonly DirectoryRelay[] = []
  /** Some introduction points are missing, and are waited for. */
  #isPatient = true
  #stopTimer: (() => void) | undefined

  constructor(options: ServiceDescriptorOptions) {
    const { network, key, time, introductionPoints: count, launches } = options
    this.#options = options
    this.identity = blindedIdentity(key.publicKey, time.period)
    const secret = blindExpanded(key.secret, key.publicKey, time.period)
    this.#blinded = { publicKey: this.identity.key, sign: (message) => signExpanded(secret, message) }
    const signing = expandSeed(crypto.getRandomValues(new Uint8Array(32)))
    this.#signing = { publicKey: publicKeyOf(signing), sign: (message) => signExpanded(signing, message) }
    this.#revisionKey = revisionKey(secret)
    this.#cookie = crypto.getRandomValues(new Uint8Array(DESCRIPTOR_COOKIE_SIZE))
    this.#since = time.since
    const { signal } = this.#end
    this.publisher = new DescriptorPublisher({
      network,
      publication: () => this.#publication(),
      text: () => this.#text(),
      changed: options.changed,
      signal,
    })
    this.points = new IntroductionPoints({
      network,
      count,
      launches,
      introduced: (point, body) => options.introduced(this, point, body),
      changed: () => this.#pointsChanged(),
      signal,
    })
    this.directoryChanged(options.directory, time)
  }

  /** The relays that are to keep it, those of the first replica first. */
  get relays(): readonly DirectoryRelay[] {
    return this.#relays
  }

  /** Another directory: the ring may have changed, and relays may be gone. */
  directoryChanged(directory: NetworkDirectory, time: ServiceRingTime): void {
    this.#since = time.since
    const ring = new HashRing(directory.relays.filter(keepsDescriptors), time)
    this.#relays = ring.responsible(this.identity.key, {
      replicas: directory.param('hsdir_n_replicas', 2, 1, 16),
      perReplica: directory.param('hsdir_spread_store', 4, 1, 128),
    })
    this.points.directoryChanged(directory)
    this.publisher.consider()
  }

  /** It is published no more, and its introduction points are closed. What directories have of it stays there for hours. */
  async close(): Promise<void> {
    this.#end.abort()
    this.#stopTimer?.()
    await Promise.all([this.points.ended, this.publisher.ended])
  }

  #pointsChanged(): void {
    if (this.#end.signal.aborted) return
    const { network, introductionPoints, changed } = this.#options
    if (this.points.listed.length < introductionPoints && this.#stopTimer === undefined) {
      this.#stopTimer = startBackgroundTimer(network.clock, PATIENCE, () => {
        this.#isPatient = false
        this.publisher.consider()
      })
    }
    this.publisher.consider()
    changed()
  }

  /** Nothing before there are introduction points. */
  #publication(): Publication | undefined {
    const { listed } = this.points
    const isComplete = listed.length >= this.#options.introductionPoints
    if (isComplete) {
      this.#stopTimer?.()
      this.#stopTimer = undefined
      this.#isPatient = true
    }
    if (listed.length === 0 || (!isComplete && this.#isPatient)) return undefined
    const points = listed.map((point) => encodeHex(point.listed.authKey)).sort()
    const relays = this.#relays.map(({ fingerprint }) => fingerprint).sort()
    return { name: [...points, ...relays, this.#options.proofOfWork()].join(' '), relays: this.#relays }
  }

  async #text(): Promise<string> {
    const { network, clients, sendmeIncrement, proofOfWork } = this.#options
    const directory = network.known()
    // A clock that is behind must not make an older revision than the directory's time would.
    const now = Math.max(network.clock.now(), directory?.consensus.validAfter ?? 0)
    const revision = await revisionAt(this.#revisionKey, (now - this.#since) / 1000 + 1)
    this.#lastRevision = revision > this.#lastRevision ? revision : this.#lastRevision + 1n
    return await descriptorText(
      {
        introPoints: this.points.listed.map(({ listed }) => listed),
        sendmeIncrement: sendmeIncrement(),
        proofOfWork: proofOfWork(),
        expires: now + CERTIFICATE_LIFETIME,
        subcredential: this.identity.subcredential,
        revision: this.#lastRevision,
        readers: clients && { clients, cookie: this.#cookie },
      },
      { blinded: this.#blinded, signing: this.#signing },
      network.platform,
    )
  }
}
