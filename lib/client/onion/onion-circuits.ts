/**
 * The circuits that onion services are met by, and the requests to the relays that keep their descriptors: each for one
 * purpose and never used again.
 *
 * @module
 */
import { startTimer, type Clock } from '../../base/clock.ts'
import { firstOf } from '../../base/abort.ts'
import { pause, unlessAborted } from '../../base/pause.ts'
import { TorError } from '../../base/errors.ts'
import { extendTo, targetOf, type ExtensionTarget } from '../../circuit/build/extend-to.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import type { CongestionControlSetup } from '../../circuit/congestion/negotiated.ts'
import { readCongestionParameters, readXonXoffParameters } from '../../circuit/congestion/parameters.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import type { DirectoryQuery, OnionCircuit, OnionCircuitToRelay } from '../../onion/network/onion-network.ts'
import type { ServiceNetwork, VisitorStream } from '../../onion/network/service-network.ts'
import type { Platform } from '../../platform/platform.ts'
import type { TorStream } from '../../stream/tor-stream.ts'
import { requestDocument } from '../bootstrap/directory-request.ts'
import { tryOften } from '../circuits/build-attempts.ts'
import { timeoutForExtension } from '../circuits/build-times/path-timeouts.ts'
import { CircuitBuilder, type CircuitBuilderOptions } from '../circuits/circuit-builder.ts'
import type { StreamWatcher } from '../attach/attachable-circuit.ts'
import type { CircuitWatcher } from '../circuits/seen-circuit.ts'
import type { Random } from '../../base/random.ts'
import { OnionPaths } from './onion-paths.ts'
import { Stems, type Stem } from './stems.ts'
import { Vanguards } from './vanguards.ts'

/** How often a circuit of three hops is tried that fails, and how often the hop behind it. */
const MAX_BUILDS = 4
const MAX_EXTENSIONS = 2

/** How long the fourth hop may take while too little is known of build times, in ms. */
const EXTENSION_TIMEOUT = 10_000

/** How many cells a descriptor may take, and the receipt for one. */
const DOWNLOAD_CELLS = 110
const UPLOAD_CELLS = 8

/** How many hops there are with the one that somebody else has chosen. */
const EXTENDED_HOPS = 4

/** How long a relay may take for a descriptor once there is a circuit to it, in ms. */
const REQUEST_TIMEOUT = 15_000

/** The most bytes that a relay may say about a document that it took, beside its status. */
const MAX_RECEIPT = 1000

/** What these circuits need. */
export interface OnionCircuitsOptions extends CircuitBuilderOptions {
  /** The directory of now; it may have to be fetched anew first. */
  directory(signal: AbortSignal): Promise<NetworkDirectory>
  /** The last directory that there was. */
  known(): NetworkDirectory | undefined
  /** Calls `changed` with each new directory, until the returned function is called. */
  onDirectory(changed: (directory: NetworkDirectory) => void): () => void
  readonly watcher: CircuitWatcher & Pick<StreamWatcher, 'streamChanged'>
  readonly random: Random
  readonly testing: boolean
  /** False for fixed windows, whatever the network says. */
  readonly congestionControl: boolean
  /** The fixed windows of circuits. */
  circuitWindow(): number | undefined
}

/** What a circuit of three hops is for. */
interface CircuitPurpose {
  readonly isRendezvous: boolean
  /** The fingerprint of the relay that is to follow. */
  readonly end?: string
}

export class OnionCircuits implements ServiceNetwork {
  readonly clock: Clock
  readonly platform: Platform
  readonly testing: boolean
  readonly #options: OnionCircuitsOptions
  readonly #builder: CircuitBuilder
  readonly #vanguards: Vanguards
  readonly #stems: Stems
  #paths: readonly [NetworkDirectory, OnionPaths] | undefined

  constructor(options: OnionCircuitsOptions) {
    this.#options = options
    this.clock = options.clock
    this.platform = options.platform
    this.testing = options.testing
    this.#builder = new CircuitBuilder(options)
    this.#vanguards = new Vanguards({ now: () => options.clock.now(), random: options.random })
    const { clock, random, closing } = options
    const build = (signal: AbortSignal): Promise<Stem> => this.#build({ isRendezvous: true }, signal)
    this.#stems = new Stems({ build, clock, random, closing })
  }

  random(limit: number): number {
    return this.#options.random(limit)
  }

  directory(signal: AbortSignal): Promise<NetworkDirectory> {
    return this.#options.directory(signal)
  }

  known(): NetworkDirectory | undefined {
    return this.#options.known()
  }

  onDirectory(changed: (directory: NetworkDirectory) => void): () => void {
    return this.#options.onDirectory(changed)
  }

  introductionRelay(directory: NetworkDirectory, avoided: ReadonlySet<string>): DirectoryRelay | undefined {
    return this.#pathsOf(directory).introduction(avoided)
  }

  renew(): void {
    this.#vanguards.forget()
    this.#stems.forget()
  }

  congestionControl(path: 'exit' | 'onion'): CongestionControlSetup | undefined {
    const directory = this.#options.known()
    if (directory === undefined || !this.#options.congestionControl) return undefined
    const { params } = directory.consensus
    const parameters = readCongestionParameters(params, path)
    return parameters && { parameters, xonXoff: readXonXoffParameters(params), clock: this.clock }
  }

  visited(stream: VisitorStream): void {
    this.#options.watcher.streamChanged(stream)
  }

  async toRendezvousPoint(
    signal: AbortSignal,
    isAgain: boolean = false,
  ): Promise<OnionCircuit & { readonly point: DirectoryRelay }> {
    const ready = isAgain ? undefined : this.#stems.take()
    const { circuit, relays, seen } = ready ?? (await this.#build({ isRendezvous: true }, signal))
    return { circuit, seen, fingerprints: fingerprintsOf(relays), point: relays.at(-1) as DirectoryRelay }
  }

  async toRelay(target: ExtensionTarget, signal: AbortSignal): Promise<OnionCircuitToRelay> {
    const end = encodeHex(target.rsaIdentity)
    let failure: unknown
    for (let tries = 0; tries < MAX_EXTENSIONS; tries++) {
      // What was ready may have died without a word: the next one is new.
      const ready = tries === 0 ? this.#stems.take(end) : undefined
      const { circuit, relays, seen } = ready ?? (await this.#build({ isRendezvous: false, end }, signal))
      try {
        const proof = await this.#extend(circuit, target, signal)
        return { circuit, seen, proof, fingerprints: [...fingerprintsOf(relays), end] }
      } catch (error) {
        await circuit.close().catch(() => undefined) // `error` tells
        if (signal.aborted) throw error
        failure = error
      }
    }
    throw failure
  }

  ask(relay: DirectoryRelay, { path, limit }: DirectoryQuery, signal: AbortSignal): Promise<string> {
    const options = { compressed: false, server: relay }
    const ask = (stream: TorStream): Promise<string> => requestDocument(stream, path, limit, options)
    return this.#exchange(relay, ask, this.#mostCells('hsdir_dl_max_reply_cells', DOWNLOAD_CELLS), signal)
  }

  async post(relay: DirectoryRelay, path: string, body: string, signal: AbortSignal): Promise<void> {
    const options = { compressed: false, document: body, server: relay }
    const send = (stream: TorStream): Promise<string> => requestDocument(stream, path, MAX_RECEIPT, options)
    await this.#exchange(relay, send, this.#mostCells('hsdir_ul_max_reply_cells', UPLOAD_CELLS), signal)
  }

  async #exchange<T>(
    relay: DirectoryRelay,
    exchange: (stream: TorStream) => Promise<T>,
    cells: number,
    signal: AbortSignal,
  ): Promise<T> {
    const { circuit } = await this.toRelay(targetOf(relay), signal)
    circuit.controller.bound(cells)
    const deadline = new AbortController()
    const stopTimer = startTimer(this.clock, REQUEST_TIMEOUT, () =>
      deadline.abort(new TorError('DIRECTORY_UNAVAILABLE', `no answer within ${REQUEST_TIMEOUT} ms`)),
    )
    const { signal: either, end } = firstOf(signal, deadline.signal)
    try {
      return await exchange(circuit.connectDirectory({ signal: either, timeout: Infinity, clock: this.clock }))
    } catch (error) {
      if (error instanceof TorError) throw error
      throw new TorError('DIRECTORY_UNAVAILABLE', 'a relay did not answer', { cause: error })
    } finally {
      stopTimer()
      end()
      await circuit.close().catch(() => undefined) // it was for this request only
    }
  }

  /** How many cells an answer may take: what inflates it would be seen all along the circuit (proposal 360). */
  #mostCells(param: string, usual: number): number {
    return this.#options.known()?.param(param, usual, 2, 0x7fff_ffff) ?? usual
  }

  /**
   * An open circuit of three hops. Where timeouts are short, and the network or the machine has become slow, many are too
   * late before that is learned: this is nobody's failure, least of all that of the relay that is to follow.
   */
  #build(purpose: CircuitPurpose, signal: AbortSignal): Promise<Stem> {
    return tryOften({
      attempt: (avoided) => this.#buildOnce(purpose, avoided, signal),
      pause: (delay) => pause(this.clock, delay, [signal]),
      failed: () => undefined,
      clock: this.clock,
      most: MAX_BUILDS,
    })
  }

  async #buildOnce(purpose: CircuitPurpose, avoided: Set<string>, signal: AbortSignal): Promise<Stem> {
    const paths = this.#pathsOf(await this.#options.directory(signal))
    signal.throwIfAborted()
    const path = paths.choose({ ...purpose, avoided })
    const { circuit, ready, isLate } = this.#builder.begin(path, this.#windows())
    const seen = { circuit, purpose: 'onion', path: path.relays, expired: () => false } as const
    this.#options.watcher.begun(seen)
    try {
      await unlessAborted(ready, signal)
      return { circuit, relays: path.relays, seen }
    } catch (error) {
      if (circuit.hops > 0) avoided.add((path.relays[circuit.hops] ?? path.relays[2])?.fingerprint ?? '')
      // One that is too late is still measured.
      if (!isLate()) await circuit.close().catch(() => undefined) // `error` tells
      throw error
    }
  }

  async #extend(circuit: Circuit, target: ExtensionTarget, signal: AbortSignal): Promise<Uint8Array> {
    const deadline = new AbortController()
    const { isLearned, timeout } = this.#options.times
    const patience = isLearned ? Math.ceil(timeoutForExtension(EXTENDED_HOPS, timeout)) : EXTENSION_TIMEOUT
    const stopTimer = startTimer(this.clock, patience, () => deadline.abort())
    try {
      return await unlessAborted(extendTo(circuit.controller, target, this.platform), signal, deadline.signal)
    } catch (error) {
      if (!deadline.signal.aborted || signal.aborted) throw error
      throw new TorError('CIRCUIT_TIMEOUT', `a relay did not answer within ${patience} ms`)
    } finally {
      stopTimer()
    }
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

const fingerprintsOf = (relays: readonly DirectoryRelay[]): readonly string[] =>
  relays.map(({ fingerprint }) => fingerprint)
