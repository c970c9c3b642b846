/**
 * The introduction points of one descriptor: as many as are wanted, each kept for its time and replaced by another one
 * when that is over, or when its relay cannot be reached any more (rend-spec-v3, "Introduction points", and C tor's
 * limits).
 *
 * @module
 */
import { startBackgroundTimer } from '../../../base/waiting/clock.ts'
import { deferred, markHandled, type Deferred } from '../../../base/waiting/deferred.ts'
import { TorError } from '../../../base/errors.ts'
import { pause, unlessAborted } from '../../../base/waiting/pause.ts'
import type { Circuit } from '../../../circuit/circuit.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../../directory/network-directory.ts'
import { closeQuietly } from '../../network/expected-message.ts'
import type { ServiceNetwork } from '../../network/service-network.ts'
import { IntroductionPoint, type PointLimits } from './introduction-point.ts'
import type { LaunchLimit } from './launch-limit.ts'

/** How often a circuit to a point is built anew before another point takes its place. */
const MAX_REBUILDS = 3

/** A circuit that has lasted as long was none that failed, in ms. */
const LASTING = 600_000

/** How long a relay that failed is left out, and how long to wait before the next try, in ms. */
const LEFT_OUT = 300_000
const RETRY = 1000
const NO_RELAY_RETRY = 10_000

/** What the points need. */
export interface IntroductionPointsOptions {
  readonly network: ServiceNetwork
  /** How many are wanted. */
  readonly count: number
  readonly launches: LaunchLimit
  /** A client is passed on. */
  introduced(point: IntroductionPoint, body: Uint8Array): void
  /** Others are to be listed than before, or a circuit came or went. */
  changed(): void
  /** Ends them all. */
  readonly signal: AbortSignal
}

/** Why a circuit to a point is not used any more. */
type End = 'lost' | 'over'

/** A point that clients can be told of. */
interface Live {
  readonly point: IntroductionPoint
  circuit: Circuit | undefined
  readonly ended: Deferred<End>
}

export class IntroductionPoints {
  readonly #options: IntroductionPointsOptions
  /** Those that have been reached at least once, and are not given up. */
  readonly #live = new Set<Live>()
  /** Relays that are tried or used. */
  readonly #taken = new Set<string>()
  /** By fingerprint: when it failed. */
  readonly #failed = new Map<string, number>()
  #lastFailure: unknown
  readonly #ended: Promise<unknown>

  constructor(options: IntroductionPointsOptions) {
    this.#options = options
    this.#ended = Promise.all(Array.from({ length: options.count }, () => this.#keepOne()))
    markHandled(this.#ended)
  }

  /** Those that the descriptor is to have. */
  get listed(): readonly IntroductionPoint[] {
    return [...this.#live].map(({ point }) => point)
  }

  /** How many have a circuit now. */
  get established(): number {
    return [...this.#live].filter(({ circuit }) => circuit !== undefined).length
  }

  /** Why a circuit could not be had, last. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /** Resolves when all are gone, after the signal. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  /** A relay that is not listed any more is no introduction point: clients are not told of it either. */
  directoryChanged(directory: NetworkDirectory): void {
    for (const live of this.#live)
      if (directory.relay(live.point.relay.fingerprint) === undefined) live.ended.resolve('over')
  }

  /** One point after the other, without a gap where that can be. */
  async #keepOne(): Promise<void> {
    const { signal } = this.#options
    /** One whose time is over, until the next one is there. */
    let before: Live | undefined
    const endBefore = (): void => {
      if (before !== undefined) this.#giveUp(before)
      before = undefined
    }
    try {
      while (!signal.aborted) {
        const live: Live = { point: await this.#nextPoint(), circuit: undefined, ended: deferred() }
        try {
          await this.#use(live, endBefore)
        } finally {
          endBefore()
          before = live
        }
        if (live.circuit === undefined) endBefore()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      endBefore()
    }
  }

  async #nextPoint(): Promise<IntroductionPoint> {
    const { network, signal } = this.#options
    for (;;) {
      try {
        const directory = await network.directory(signal)
        const encryption = await network.platform.x25519.generateKeyPair()
        const relay = this.#choose(directory) // and nothing is awaited until it is taken
        if (relay !== undefined) {
          this.#taken.add(relay.fingerprint)
          return new IntroductionPoint(network, relay, encryption, limitsOf(network, directory))
        }
        this.#lastFailure = new TorError('NO_PATH', 'no relay is left that could be an introduction point')
      } catch (error) {
        this.#failedWith(error)
      }
      await pause(network.clock, NO_RELAY_RETRY, [signal])
    }
  }

  /** Another relay than those in use, and if it can be than those that failed lately. */
  #choose(directory: NetworkDirectory): DirectoryRelay | undefined {
    const { network } = this.#options
    const now = network.clock.now()
    for (const [fingerprint, at] of this.#failed) if (Math.abs(now - at) >= LEFT_OUT) this.#failed.delete(fingerprint)
    const avoided = new Set([...this.#taken, ...this.#failed.keys()])
    return network.introductionRelay(directory, avoided) ?? network.introductionRelay(directory, this.#taken)
  }

  /** Until its time is over, or it has failed too often. */
  async #use(live: Live, established: () => void): Promise<void> {
    const { network, launches, signal, introduced, changed } = this.#options
    const { point } = live
    for (let failures = 0; failures <= MAX_REBUILDS && point.timeLeft > 0;) {
      await launches.next(signal)
      const since = network.clock.now()
      let end: End
      try {
        live.circuit = await point.establish((body) => {
          if (point.timeLeft <= 0) live.ended.resolve('over')
          introduced(point, body)
        }, signal)
        this.#live.add(live)
        this.#lastFailure = undefined
        established()
        changed()
        end = await this.#endOf(live)
      } catch (error) {
        this.#failedWith(error)
        end = 'lost'
      }
      if (end === 'over') return
      live.circuit = undefined
      if (this.#live.has(live)) changed()
      failures = network.clock.now() - since >= LASTING ? 1 : failures + 1
      await pause(network.clock, RETRY * failures, [signal])
    }
    this.#failed.set(point.relay.fingerprint, network.clock.now())
  }

  async #endOf({ point, circuit, ended }: Live): Promise<End> {
    const { network, signal } = this.#options
    const stopTimer = startBackgroundTimer(network.clock, point.timeLeft, () => ended.resolve('over'))
    const lost = deferred<End>()
    const gone = (): void => lost.resolve('lost')
    circuit?.closed.then(gone, gone)
    try {
      return await unlessAborted(Promise.race([ended.promise, lost.promise]), signal)
    } finally {
      stopTimer()
    }
  }

  #giveUp(live: Live): void {
    this.#taken.delete(live.point.relay.fingerprint)
    live.point.forget()
    if (live.circuit !== undefined) void closeQuietly(live.circuit)
    if (this.#live.delete(live)) this.#options.changed()
  }

  #failedWith(error: unknown): void {
    if (this.#options.signal.aborted) throw error
    this.#lastFailure = error
  }
}

/** As the network says, at random between two bounds: so that nobody can tell when a point began (param-spec). */
function limitsOf(network: ServiceNetwork, directory: NetworkDirectory): PointLimits {
  const between = (name: string, least: number, most: number, highest: number): number => {
    const min = directory.param(`hs_intro_min_${name}`, least, 1, highest)
    const max = Math.max(min, directory.param(`hs_intro_max_${name}`, most, 1, highest))
    return min + network.random(max - min + 1)
  }
  return {
    lifetime: between('lifetime', 64_800, 86_400, 0x7fff_ffff / 1000) * 1000,
    introductions: between('introduce2', 16_384, 32_768, 0x7fff_ffff),
  }
}
