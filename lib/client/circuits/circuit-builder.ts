/**
 * One circuit along a path whose guard the guards have picked: built over the channel that all share, and judged by what
 * it says of its guard.
 *
 * @module
 */
import type { Channel } from '../../channel/channel.ts'
import { Circuit } from '../../circuit/circuit.ts'
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import type { Clock } from '../../base/waiting/clock.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import type { Platform } from '../../platform/platform.ts'
import { admit, judgeFailure } from '../guards/guard-admission.ts'
import type { GuardManager, GuardPick } from '../guards/guards.ts'
import type { ChannelPool } from './channel-pool.ts'
import type { BegunCircuit } from './begun-circuit.ts'
import type { BuildTimes } from './build-times/build-times.ts'
import { TimedBuild } from './build-times/timed-build.ts'
import { failedExtension } from './failed-extension.ts'

/** What a builder needs. */
export interface CircuitBuilderOptions {
  readonly channels: ChannelPool
  /** What is known of how long it takes. */
  readonly times: BuildTimes
  guards(): GuardManager
  /** The guards have learned something worth keeping. */
  guardsChanged(): void
  readonly clock: Clock
  readonly platform: Platform
  /** Aborts when the client closes. */
  readonly closing: AbortSignal
}

/** The relays of a circuit, and who is told what became of the first. */
export interface GuardedPath {
  readonly relays: readonly DirectoryRelay[]
  readonly guard: GuardPick
}

/** What happens while a circuit is built. */
export interface BuildListener {
  /** Begins a circuit through whichever guard is best now. */
  tryBetter?(): void
}

const nothing = (): void => undefined

export class CircuitBuilder {
  readonly #options: CircuitBuilderOptions

  constructor(options: CircuitBuilderOptions) {
    this.#options = options
  }

  /**
   * Begins to build.
   *
   * @param flowControl - of the last hop
   * @throws TorError `CIRCUIT_CLOSED` when the client is closed
   */
  begin(
    { relays, guard }: GuardedPath,
    flowControl: Pick<CircuitOptions, 'congestionControl' | 'xonXoff' | 'circuitWindow'>,
    told: BuildListener = {},
  ): BegunCircuit {
    const { channels, times, clock, platform, closing } = this.#options
    const first = relays[0] as DirectoryRelay
    if (closing.aborted) {
      this.#options.guards().cancelled(guard)
      throw new TorError('CIRCUIT_CLOSED', 'the client is closed')
    }
    const channel = channels.get(first.fingerprint, first)
    const circuit = Circuit.open(relays, { channel, timeout: Infinity, clock, platform, ...flowControl })
    channels.hold(channel, circuit.closed)
    const build = new TimedBuild(circuit, times, clock)
    const ready = Promise.race([build.late, this.#whenReady(circuit, build, { relays, guard }, channel, told)])
    markHandled(ready)
    const settled = Promise.race([build.late, circuit.opened])
    markHandled(settled)
    return { circuit, ready, settled, isLate: () => build.isLate }
  }

  /** The circuit is open in time, and its guard the one to use. */
  async #whenReady(
    circuit: Circuit,
    build: TimedBuild,
    { relays, guard }: GuardedPath,
    channel: Promise<Channel>,
    { tryBetter }: BuildListener,
  ): Promise<void> {
    const { guardsChanged, clock, closing } = this.#options
    const guards = this.#options.guards()
    try {
      await circuit.opened
    } catch (error) {
      this.#judge(error, circuit, { relays, guard }, channel)
      throw error
    }
    guards.beyond(guard, true)
    if (build.isLate) {
      guards.succeeded(guard)
      guardsChanged()
      await circuit.close().catch(() => undefined) // it was for its time only
      return build.late
    }
    try {
      await admit(guards, guard, clock, closing, tryBetter ?? nothing)
    } catch (error) {
      await circuit.close().catch(() => undefined) // it is not used anyway
      throw error
    } finally {
      guardsChanged()
    }
  }

  /** What became of a circuit that cannot be used tells of its guard, and of the link. */
  #judge(error: unknown, { hops }: Circuit, { relays, guard }: GuardedPath, channel: Promise<Channel>): void {
    const { channels, guardsChanged } = this.#options
    const guards = this.#options.guards()
    const { fingerprint } = relays[0] as DirectoryRelay
    const { blamed, linkIsDead } = judgeFailure(error, hops, channels.isShared(fingerprint, channel))
    if (blamed) guards.failed(guard)
    else guards.cancelled(guard)
    if (failedExtension(error, hops, relays.length) !== undefined) guards.beyond(guard, false)
    if (linkIsDead) channels.retire(fingerprint, channel)
    guardsChanged()
  }
}
