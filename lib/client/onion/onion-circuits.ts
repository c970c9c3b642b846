/**
 * The circuits that onion services are met by, and the requests to the relays that keep their descriptors: each for one
 * purpose and never used again.
 *
 * @module
 */
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import { firstOf } from '../../base/waiting/abort.ts'
import { unlessAborted } from '../../base/waiting/pause.ts'
import { TorError } from '../../base/errors.ts'
import { extendTo, targetOf, type ExtensionTarget } from '../../circuit/build/extend-to.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { CongestionControlSetup } from '../../circuit/congestion/negotiated.ts'
import { readCongestionParameters, readXonXoffParameters } from '../../circuit/congestion/parameters.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import type { DirectoryQuery, OnionCircuit, OnionCircuitToRelay } from '../../onion/network/onion-network.ts'
import type { ServiceNetwork, VisitorStream } from '../../onion/network/service-network.ts'
import type { Platform } from '../../platform/platform.ts'
import type { TorStream } from '../../stream/tor-stream.ts'
import { requestDocument } from '../bootstrap/sources/directory-request.ts'
import type { BuildTimes } from '../circuits/build-times/build-times.ts'
import { timeoutForExtension } from '../circuits/build-times/path-timeouts.ts'
import type { StreamWatcher } from '../attach/attachable-circuit.ts'
import type { Random } from '../../base/random.ts'
import type { StemBuilder } from './stem-builder.ts'
import type { Stems } from './stems.ts'

/** How often a hop behind a circuit of three is tried that fails. */
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
export interface OnionCircuitsOptions {
  readonly clock: Clock
  readonly platform: Platform
  /** What is known of how long circuits take. */
  readonly times: Pick<BuildTimes, 'isLearned' | 'timeout'>
  /** Builds the circuits that others are made of. */
  readonly builder: StemBuilder
  /** Those that are ready. */
  readonly stems: Stems
  /** The directory of now; it may have to be fetched anew first. */
  directory(signal: AbortSignal): Promise<NetworkDirectory>
  /** The last directory that there was. */
  known(): NetworkDirectory | undefined
  /** Calls `changed` with each new directory, until the returned function is called. */
  onDirectory(changed: (directory: NetworkDirectory) => void): () => void
  readonly watcher: Pick<StreamWatcher, 'streamChanged'>
  readonly random: Random
  readonly testing: boolean
  /** False for fixed windows, whatever the network says. */
  readonly congestionControl: boolean
}

export class OnionCircuits implements ServiceNetwork {
  readonly clock: Clock
  readonly platform: Platform
  readonly testing: boolean
  readonly #options: OnionCircuitsOptions

  constructor(options: OnionCircuitsOptions) {
    this.#options = options
    this.clock = options.clock
    this.platform = options.platform
    this.testing = options.testing
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
    return this.#options.builder.introductionRelay(directory, avoided)
  }

  renew(): void {
    this.#options.builder.renew()
    this.#options.stems.forget()
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
    const { stems, builder } = this.#options
    const ready = isAgain ? undefined : stems.take()
    const { circuit, relays, seen } = ready ?? (await builder.build({ isRendezvous: true }, signal))
    return { circuit, seen, fingerprints: fingerprintsOf(relays), point: relays.at(-1) as DirectoryRelay }
  }

  async toRelay(target: ExtensionTarget, signal: AbortSignal): Promise<OnionCircuitToRelay> {
    const { stems, builder } = this.#options
    const end = encodeHex(target.rsaIdentity)
    let failure: unknown
    for (let tries = 0; tries < MAX_EXTENSIONS; tries++) {
      // What was ready may have died without a word: the next one is new.
      const ready = tries === 0 ? stems.take(end) : undefined
      const { circuit, relays, seen } = ready ?? (await builder.build({ isRendezvous: false, end }, signal))
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
}

const fingerprintsOf = (relays: readonly DirectoryRelay[]): readonly string[] =>
  relays.map(({ fingerprint }) => fingerprint)
