/**
 * An onion service (rend-spec-v3, "Protocol overview"): found by its descriptors, told of visitors by introduction points,
 * and met by them at relays of their choice.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import type { NegotiatedCongestionControl } from '../../circuit/congestion/negotiated.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import type { StreamOptions } from '../../stream/options.ts'
import type { TorStream } from '../../stream/tor-stream.ts'
import type { OnionKey } from '../identity/onion-key.ts'
import type { ServiceNetwork } from '../network/service-network.ts'
import { serviceRingTimes } from '../ring/time-period.ts'
import type { IntroductionPoint } from './introduction/introduction-point.ts'
import { readIntroduction, type Visitor } from './introduction/introduction.ts'
import { IntroductionQueue } from './introduction/introduction-queue.ts'
import { LaunchLimit } from './introduction/launch-limit.ts'
import { ReplayCache } from './introduction/replay-cache.ts'
import type { WorkDefence } from './introduction/work-defence.ts'
import { ServiceDescriptor } from './service-descriptor.ts'
import type { CheckedServiceOptions, OnionServiceStatus } from './service-options.ts'
import { statusOf } from './service-status.ts'
import { IncomingStreams } from './visit/incoming-streams.ts'
import { answer, meet } from './visit/meet.ts'
import { VisitorCircuits } from './visit/visitor-circuits.ts'

/** How many cells a SENDME stands for where the network does not say: `cc_sendme_inc`. */
const SENDME_INCREMENT = 31

/** How many circuits to introduction points are begun in 5 minutes beyond those that are wanted (C tor's limit for 3). */
const SPARE_LAUNCHES = 22

/** How long a cookie is remembered, in ms, and how many are. */
const COOKIE_MEMORY = 300_000
const MAX_COOKIES = 16_384

/** What came by an introduction point. */
interface Introduction {
  readonly descriptor: ServiceDescriptor
  readonly point: IntroductionPoint
  readonly body: Uint8Array
  /** Lets the point forget what it is to be answered with. */
  release(): void
}

/** A client that is to be met. */
interface Expected {
  readonly visitor: Visitor
  readonly release: () => void
}

/**
 * An onion service of a client. Its visitors are streams:
 *
 * ```ts
 * await using service = await tor.serve({ ports: [80] })
 * await service.published
 * console.log(service.hostname)
 * for await (const socket of service.incoming) void socket.readable.pipeTo(socket.writable)
 * ```
 */
export class OnionService {
  readonly #network: ServiceNetwork
  readonly #options: CheckedServiceOptions
  readonly #published: Deferred<void> = deferred()
  readonly #over: Deferred<void> = deferred()
  readonly #closing = new AbortController()
  readonly #incoming: IncomingStreams
  readonly #visitors = new VisitorCircuits()
  readonly #introductions = new IntroductionQueue<Introduction>(
    (introduction) => this.#answer(introduction),
    ({ release }) => release(),
  )
  readonly #cookies = new ReplayCache(MAX_COOKIES, COOKIE_MEMORY)
  readonly #launches: LaunchLimit
  readonly #defence: WorkDefence<Expected> | undefined
  readonly #forget: (() => void)[] = []
  /** Those on the way to clients. */
  readonly #meetings = new Set<Promise<void>>()
  /** By the numbers of their periods. */
  readonly #descriptors = new Map<number, ServiceDescriptor>()
  #status: OnionServiceStatus
  #wasPublished = false
  #closed: Promise<void> | undefined

  private constructor(
    network: ServiceNetwork,
    options: CheckedServiceOptions,
    streamDefaults: StreamOptions,
    Defence: typeof WorkDefence | undefined,
  ) {
    const { key, ports, backlog, introductionPoints, signal } = options
    this.#network = network
    this.#options = options
    this.#launches = new LaunchLimit(network.clock, 2 * introductionPoints + SPARE_LAUNCHES)
    this.#incoming = new IncomingStreams({
      hostname: key.hostname,
      ports,
      backlog,
      streamDefaults: { ...streamDefaults, clock: network.clock },
      visited: (stream) => network.visited(stream),
      cancelled: () => void this.close(),
    })
    this.#defence =
      Defence &&
      new Defence<Expected>({
        clock: network.clock,
        random: (limit) => network.random(limit),
        meet: (expected) => this.#meet(expected),
        forget: ({ release }) => release(),
        changed: () => {
          for (const descriptor of this.#descriptors.values()) descriptor.publisher.consider()
        },
      })
    this.#status = this.#look()
    this.#forget.push(onAbort(signal, () => void this.close()))
  }

  /**
   * Begins a service. It is there when `published` resolves.
   *
   * @internal
   */
  static async start(
    network: ServiceNetwork,
    options: CheckedServiceOptions,
    streamDefaults: StreamOptions,
    Defence?: typeof WorkDefence,
  ): Promise<OnionService> {
    const service = new OnionService(network, options, streamDefaults, Defence)
    try {
      service.#directoryChanged(await network.directory(service.#closing.signal))
    } catch (error) {
      await service.close()
      if (options.signal?.aborted)
        throw new TorError('ABORTED', 'the onion service was aborted', { cause: options.signal.reason })
      throw error
    }
    service.#forget.push(network.onDirectory((directory) => service.#directoryChanged(directory)))
    return service
  }

  /** The address: `<56 letters>.onion`. */
  get hostname(): string {
    return this.#options.key.hostname
  }

  /** What the address is made of. Keep it to have the same address again. */
  get key(): OnionKey {
    return this.#options.key
  }

  /**
   * Resolves when clients can find the service: the descriptor that they look for now is with a relay of each replica.
   * Rejects with a {@link TorError} `CIRCUIT_CLOSED` when the service is closed before. Pre-handled.
   */
  get published(): Promise<void> {
    return this.#published.promise
  }

  /** How the service stands. */
  get status(): OnionServiceStatus {
    return (this.#status = this.#look())
  }

  /**
   * The streams of visitors. Pulling takes one, and only then is its visitor answered: who does not pull lets visitors
   * wait, as many as the option `backlog` says. It ends when the service is closed; cancelling it closes the service.
   *
   * As Tor has no half-close, `writable.close()` ends such a stream: that is how a visitor learns where an answer ends. A
   * visitor who ends one tells nothing of why, so `readable` ends in the same way where he has all and where he gave up.
   */
  get incoming(): ReadableStream<TorStream> {
    return this.#incoming.readable
  }

  /**
   * Closes the service and every stream of a visitor. Nothing tells the relays that keep its descriptors: they do so for a
   * few hours. Idempotent.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  /** Resolves when the service is closed, whoever closed it. */
  get closed(): Promise<void> {
    return this.#over.promise
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const closed = new TorError('CIRCUIT_CLOSED', 'the onion service is closed')
    this.#closing.abort(closed)
    for (const forget of this.#forget) forget()
    this.#published.reject(closed)
    this.#introductions.close()
    this.#defence?.close()
    this.#incoming.close()
    const descriptors = [...this.#descriptors.values()]
    await Promise.all([this.#visitors.close(), ...this.#meetings, ...descriptors.map((each) => each.close())])
    this.#changed()
    this.#over.resolve()
  }

  #directoryChanged(directory: NetworkDirectory): void {
    if (this.#closing.signal.aborted) return
    const { key, clients, introductionPoints } = this.#options
    const times = serviceRingTimes(directory.consensus, this.#network.testing)
    for (const [number, descriptor] of this.#descriptors) {
      if (times.some(({ period }) => period.number === number)) continue
      this.#descriptors.delete(number)
      void descriptor.close()
    }
    for (const time of times) {
      const known = this.#descriptors.get(time.period.number)
      if (known !== undefined) known.directoryChanged(directory, time)
      else {
        const descriptor = new ServiceDescriptor({
          network: this.#network,
          key,
          time,
          directory,
          clients,
          introductionPoints,
          launches: this.#launches,
          proofOfWork: () => this.#defence?.line,
          sendmeIncrement: () => this.#congestionControl()?.increment,
          introduced: (from, point, body) =>
            this.#introductions.add({ descriptor: from, point, body, release: point.encryptionSecret.hold() }),
          changed: () => this.#changed(),
        })
        this.#descriptors.set(time.period.number, descriptor)
      }
    }
    this.#changed()
  }

  /** Never rejects: an introduction that comes to nothing is nobody's business. */
  async #answer({ descriptor, point, body, release }: Introduction): Promise<void> {
    const network = this.#network
    let isExpected = false
    try {
      const { identity } = descriptor
      const { listed, replays, encryptionSecret } = point
      const keys = { listed, replays, encryptionSecret: encryptionSecret.key }
      const visitor = await readIntroduction(body, keys, {
        subcredential: identity.subcredential,
        congestionControl: this.#congestionControl() !== undefined,
        testing: network.testing,
        now: network.clock.now(),
        platform: network.platform,
      })
      if (visitor === undefined || this.#closing.signal.aborted) return
      isExpected = true
      if (this.#defence === undefined) await this.#meet({ visitor, release })
      else this.#defence.add({ visitor, release }, visitor.proof, identity.key)
    } catch {
      // Nobody is told.
    } finally {
      if (!isExpected) release()
    }
  }

  /** Never rejects: the client tries again by itself, and a relay that could not be reached is of its choice. */
  async #meet(expected: Expected): Promise<void> {
    const meeting = this.#goToMeet(expected).catch(() => undefined) // see above
    this.#meetings.add(meeting)
    await meeting
    this.#meetings.delete(meeting)
  }

  async #goToMeet({ visitor, release }: Expected): Promise<void> {
    const network = this.#network
    const { signal } = this.#closing
    try {
      if (!this.#cookies.add(visitor.cookie, network.clock.now()) || !this.#visitors.makeRoom()) return
      const half = await answer(visitor, network.platform)
      release()
      await meet(
        network,
        visitor,
        half,
        visitor.congestionControl ? this.#congestionControl() : undefined,
        (circuit, seen) => this.#incoming.acceptorOf(circuit, seen, this.#visitors.add(circuit)),
        signal,
      )
    } finally {
      release()
    }
  }

  /** What the network has, and how many cells a SENDME of ours stands for. */
  #congestionControl(): NegotiatedCongestionControl | undefined {
    const setup = this.#network.congestionControl('onion')
    const increment = this.#network.known()?.param('cc_sendme_inc', SENDME_INCREMENT, 1, 254) ?? SENDME_INCREMENT
    return setup && { ...setup, increment }
  }

  #changed(): void {
    const before = this.#status
    const now = this.status
    if (now.phase === 'published' && !this.#wasPublished) {
      this.#wasPublished = true
      this.#published.resolve()
    }
    if (JSON.stringify(before) !== JSON.stringify(now)) this.#options.onStatus?.(now)
  }

  #look(): OnionServiceStatus {
    return statusOf({
      descriptors: [...this.#descriptors.values()],
      directory: this.#network.known(),
      testing: this.#network.testing,
      isClosed: this.#closing.signal.aborted,
      wasPublished: this.#wasPublished,
      visitors: this.#visitors.size,
      waiting: this.#incoming.waiting,
    })
  }
}
