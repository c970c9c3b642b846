/**
 * Builds the circuits that every circuit for onion services begins with: guard, vanguard and one relay more. It is loaded
 * with the first of them, which most clients have soon and never use.
 *
 * @module
 */
import { unlessAborted, pause } from '../../base/waiting/pause.ts'
import type { Random } from '../../base/random.ts'
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import { tryOften } from '../circuits/build-attempts.ts'
import { CircuitBuilder, type CircuitBuilderOptions } from '../circuits/circuit-builder.ts'
import type { CircuitWatcher } from '../circuits/seen-circuit.ts'
import { OnionPaths } from './onion-paths.ts'
import type { BegunStem, Stem } from './stems.ts'
import { Vanguards } from './vanguards.ts'

/** How often one is tried that somebody waits for. */
const MAX_BUILDS = 4

/** What it needs. */
export interface StemBuilderOptions extends CircuitBuilderOptions {
  /** The directory of now; it may have to be fetched anew first. */
  directory(signal: AbortSignal): Promise<NetworkDirectory>
  readonly watcher: CircuitWatcher
  readonly random: Random
  /** The fixed windows of circuits. */
  circuitWindow(): number | undefined
}

/** What a circuit of three hops is for. */
export interface StemPurpose {
  readonly isRendezvous: boolean
  /** The fingerprint of the relay that is to follow. */
  readonly end?: string
}

export class StemBuilder {
  readonly #options: StemBuilderOptions
  readonly #builder: CircuitBuilder
  readonly #vanguards: Vanguards
  #paths: readonly [NetworkDirectory, OnionPaths] | undefined

  constructor(options: StemBuilderOptions) {
    this.#options = options
    this.#builder = new CircuitBuilder(options)
    this.#vanguards = new Vanguards({ now: () => options.clock.now(), random: options.random })
  }

  /** The second relays of what comes have nothing to do with those of before. */
  renew(): void {
    this.#vanguards.forget()
  }

  /** A relay to be introduced at. Undefined when all that fit are avoided. */
  introductionRelay(directory: NetworkDirectory, avoided: ReadonlySet<string>): DirectoryRelay | undefined {
    return this.#pathsOf(directory).introduction(avoided)
  }

  /**
   * An open circuit of three hops. Where timeouts are short, and the network or the machine has become slow, many are too
   * late before that is learned: this is nobody's failure, least of all that of the relay that is to follow.
   */
  build(purpose: StemPurpose, signal: AbortSignal): Promise<Stem> {
    const { clock } = this.#options
    return tryOften({
      attempt: async (avoided) => {
        const stem = await this.begin(purpose, signal, avoided)
        await stem.ready
        return stem
      },
      pause: (delay) => pause(clock, delay, [signal]),
      failed: () => undefined,
      clock,
      most: MAX_BUILDS,
    })
  }

  /**
   * Begins to build one.
   *
   * @param avoided - is told of the relay that could not be reached
   * @throws TorError `NO_PATH`, `ABORTED`, `CIRCUIT_CLOSED`, or what kept the directory away
   */
  async begin(purpose: StemPurpose, signal: AbortSignal, avoided: Set<string> = new Set()): Promise<BegunStem> {
    const paths = this.#pathsOf(await this.#options.directory(signal))
    signal.throwIfAborted()
    const path = paths.choose({ ...purpose, avoided })
    const { circuit, ready: opened, isLate } = this.#builder.begin(path, this.#windows())
    const seen = { circuit, purpose: 'onion', path: path.relays, expired: () => false } as const
    this.#options.watcher.begun(seen)
    const ready = unlessAborted(opened, signal).catch(async (error: unknown) => {
      if (circuit.hops > 0) avoided.add((path.relays[circuit.hops] ?? path.relays[2])?.fingerprint ?? '')
      // One that is too late is still measured.
      if (!isLate()) await circuit.close().catch(() => undefined) // `error` tells
      throw error
    })
    ready.catch(() => undefined) // whoever waits is told
    return { circuit, relays: path.relays, seen, ready }
  }

  #pathsOf(directory: NetworkDirectory): OnionPaths {
    if (this.#paths?.[0] !== directory) {
      const { random } = this.#options
      const guards = this.#options.guards()
      this.#paths = [directory, new OnionPaths(directory, { guards, vanguards: this.#vanguards, random })]
    }
    return this.#paths[1]
  }

  /** No relay of these circuits has congestion control: the service has it, or nobody. */
  #windows(): Pick<CircuitOptions, 'congestionControl' | 'circuitWindow'> {
    return { congestionControl: false, circuitWindow: this.#options.circuitWindow() }
  }
}
