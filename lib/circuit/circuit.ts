/**
 * A circuit as its user sees it: a path of relays, and streams through it.
 *
 * @module
 */
import { Channel } from '../channel/channel.ts'
import { onAbort } from '../base/waiting/abort.ts'
import { startTimer, systemClock } from '../base/waiting/clock.ts'
import { TorError } from '../base/errors.ts'
import { currentPlatform } from '../platform/current.ts'
import { checkDirectoryServer, checkRelay, type DirectoryServer, type Relay } from '../relay.ts'
import type { StreamCarrier } from '../stream/contract/carrier.ts'
import type { LookupAnswer } from '../stream/lookup.ts'
import { checkLookup, type LookupOptions } from '../stream/lookup-options.ts'
import type { StreamOptions } from '../stream/options.ts'
import { checkOptions, duration, LONGEST_TIMER } from '../base/checks.ts'
import { parseHost, type AnySocketAddress } from '../stream/socket-address.ts'
import type { FlowControlKind, StreamWindows } from '../stream/contract/socket-info.ts'
import { tlsLayer } from '../stream/tls-layer.ts'
import { TorStream } from '../stream/tor-stream.ts'
import type { CongestionState } from './flow-control.ts'
import { buildFast, buildPath, startFirst } from './build/build-path.ts'
import { CircuitController, type CellCounts } from './circuit-controller.ts'
import {
  checkCircuit,
  CIRCUIT_OPTION_NAMES,
  congestionControlOf,
  DIRECTORY_CIRCUIT_OPTION_NAMES,
  type CircuitOptions,
  type DirectoryCircuitOptions,
} from './circuit-options.ts'

/** The most relays of a path: each further hop needs one of the 8 RELAY_EARLY cells. */
const MAX_HOPS = 8

/**
 * A path through relays. It is there at once, being built: streams may be connected before `opened` resolves.
 *
 * ```ts
 * await using circuit = Circuit.open([guard, middle, exit])
 * const socket = circuit.connect('example.com:80')
 * ```
 */
export class Circuit {
  readonly #controller: CircuitController
  readonly #streamDefaults: StreamOptions
  /** The relays, guard first. */
  readonly path: readonly DirectoryServer[]

  private constructor(controller: CircuitController, path: readonly DirectoryServer[], streamDefaults: StreamOptions) {
    this.#controller = controller
    this.path = path
    this.#streamDefaults = streamDefaults
    this.connect = this.connect.bind(this)
  }

  /**
   * Begins to build a circuit through `path`.
   *
   * @throws TypeError or RangeError naming the argument, before anything is dialled
   */
  static open(path: readonly Relay[], options: CircuitOptions = {}): Circuit {
    checkOptions(options, CIRCUIT_OPTION_NAMES)
    if (path.length < 1 || path.length > MAX_HOPS)
      throw new RangeError(`Cannot open a circuit as path must have 1 to ${MAX_HOPS} relays: ${path.length}`)
    path.forEach((relay, index) => checkRelay(relay, `path[${index}]`))
    const timeout = duration('timeout', options.timeout ?? 60_000)
    checkCircuit(options, path[0] as Relay)
    const { platform = currentPlatform() } = options
    const controller = new CircuitController(options.circuitWindow)
    const congestionControl = congestionControlOf(options)
    const first = startFirst(path, platform, congestionControl)
    const makeHops = (): Promise<void> => buildPath(controller, path, first, platform, congestionControl)
    void build(controller, path, makeHops, timeout, options)
    return new Circuit(controller, [...path], { tlsLayer: tlsLayer(platform.tls), ...options.streamDefaults })
  }

  /**
   * Begins to build a circuit of one hop to a relay whose onion key need not be known (CREATE_FAST). It is good for
   * that relay's directory only: see {@link connectDirectory}. There is nothing to negotiate congestion control in.
   *
   * @throws TypeError or RangeError naming the argument, before anything is dialled
   */
  static openToDirectory(server: DirectoryServer, options: DirectoryCircuitOptions = {}): Circuit {
    checkOptions(options, DIRECTORY_CIRCUIT_OPTION_NAMES)
    checkDirectoryServer(server, 'server')
    const timeout = duration('timeout', options.timeout ?? 60_000)
    checkCircuit(options, server)
    const { platform = currentPlatform() } = options
    const controller = new CircuitController(options.circuitWindow)
    void build(controller, [server], () => buildFast(controller, platform), timeout, options)
    return new Circuit(controller, [server], { tlsLayer: tlsLayer(platform.tls), ...options.streamDefaults })
  }

  /** Resolves when the path is complete; rejects with a {@link TorError}. Pre-handled. */
  get opened(): Promise<void> {
    return this.#controller.opened.promise
  }

  /**
   * Resolves when the circuit is closed from this side, rejects with a {@link TorError} when it breaks. Pre-handled.
   */
  get closed(): Promise<void> {
    return this.#controller.closed.promise
  }

  /** How many hops there are so far. */
  get hops(): number {
    return this.#controller.hops.length
  }

  /** @internal */
  get controller(): CircuitController {
    return this.#controller
  }

  /** Where a stream that the caller makes by itself finds its place: `new TorStream(circuit.carrier, address)`. */
  get carrier(): StreamCarrier {
    return this.#controller
  }

  /**
   * Which flow control the circuit has with its last relay; undefined until it is open. One that was opened by {@link
   * openToDirectory} has fixed windows.
   */
  get flowControl(): FlowControlKind | undefined {
    return this.#controller.flowControl
  }

  /**
   * DATA cells that may still be sent to the last hop, or arrive from it: 0 to 1000 of fixed windows. Under congestion
   * control what may be sent is what its window has free, and what may arrive is the relay's business.
   */
  get windows(): StreamWindows {
    const flow = this.#controller.hops.at(-1)?.flow
    return { package: flow?.sendWindow.available ?? 0, deliver: flow?.receiveWindow.available ?? 0 }
  }

  /** How congestion control sees the path to the last hop; undefined for fixed windows, and until the circuit is open. */
  get congestion(): CongestionState | undefined {
    const state = this.#controller.hops.at(-1)?.flow.congestion
    if (state === undefined || this.flowControl === undefined) return undefined
    const { cwnd, inflight, rtt, inSlowStart } = state
    return { cwnd, inflight, rtt, inSlowStart }
  }

  /** Relay cells so far, of 514 bytes on the link each; those of the circuit's own upkeep included. */
  get cells(): CellCounts {
    return this.#controller.cells
  }

  /**
   * Opens a stream to `address` from the last relay. Returns at once; see {@link TorStream}. Bound: `const { connect }
   * = circuit` works.
   *
   * @throws TypeError or RangeError naming the argument, before anything is sent
   */
  connect(address: AnySocketAddress, options: StreamOptions = {}): TorStream {
    return new TorStream(this.#controller, address, { ...this.#streamDefaults, ...options })
  }

  /** Opens a stream to the last relay's own directory (BEGIN_DIR). */
  connectDirectory(options: StreamOptions = {}): TorStream {
    return new TorStream(this.#controller, 'directory', { ...this.#streamDefaults, ...options })
  }

  /**
   * Resolves a host name to addresses, or an IP address to a host name, at the last relay. The module is loaded when first
   * used.
   *
   * @throws TypeError naming `name`, or TypeError or RangeError naming an option
   * @throws SocketError (as a rejection): see `lookUp` of `tor-streams/stream`
   */
  resolve(name: string, options: LookupOptions = {}): Promise<LookupAnswer[]> {
    const host = parseHost(name, 'name')
    const { rejectInternalAddresses } = this.#streamDefaults
    const all = checkLookup({ rejectInternalAddresses, ...options })
    return import('../stream/lookup.ts').then(({ lookUp }) => lookUp(this.#controller, host, all))
  }

  /** Closes the circuit and every stream on it. Idempotent. */
  close(reason?: unknown): Promise<void> {
    this.#controller.close(
      new TorError(
        'CIRCUIT_CLOSED',
        'the circuit was closed from this side',
        reason === undefined ? {} : { cause: reason },
      ),
    )
    return this.closed
  }

  /** As {@link close}; a failure that `closed` tells does not mask the error of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => undefined) // see above
  }
}

/** Dials if need be, and builds. Whatever goes wrong ends the circuit; a channel of our own ends with it. */
async function build(
  controller: CircuitController,
  path: readonly DirectoryServer[],
  makeHops: () => Promise<void>,
  timeout: number,
  options: CircuitOptions,
): Promise<void> {
  const { signal, clock = systemClock, platform = currentPlatform() } = options
  const first = path[0] as DirectoryServer
  const dialling = new AbortController()
  // The limit of the whole is the circuit's own; this one shares it out among the relay's addresses.
  const dial = { transport: options.transport, timeout: Math.min(Math.max(timeout, 1), LONGEST_TIMER) }
  const giveUp = (failure: TorError): void => {
    controller.abandon(failure)
    dialling.abort(failure)
  }
  const stopTimer = startTimer(clock, timeout, () =>
    giveUp(timedOut(timeout, channel !== undefined, controller.hops.length + 1)),
  )
  let channel: Channel | undefined
  const ended = (): void => {
    dialling.abort()
    stopTimer()
    forgetSignal()
    if (options.channel === undefined) void channel?.close()
  }
  controller.closed.promise.then(ended, ended)
  const forgetSignal = onAbort(signal, () =>
    giveUp(new TorError('ABORTED', 'the circuit was aborted', { cause: signal?.reason })),
  )
  try {
    dialling.signal.throwIfAborted()
    channel = await (options.channel ?? Channel.connect(first, { ...dial, signal: dialling.signal, clock, platform }))
    if (dialling.signal.aborted) return ended()
    // A channel that others have dialled may have been asked for less.
    if (!channel.leadsTo(first))
      throw new TorError('LINK_IDENTITY', 'the channel leads to another relay than the first of the path')
    controller.join(channel.openCircuit(controller, path.length > 1))
    await makeHops()
    stopTimer()
    controller.open()
  } catch (error) {
    controller.abandon(
      error instanceof TorError
        ? error
        : new TorError('CIRCUIT_CLOSED', 'the circuit could not be built', { cause: error }),
    )
  }
}

function timedOut(timeout: number, linked: boolean, hop: number): TorError {
  const cause = linked
    ? new TorError('CIRCUIT_HANDSHAKE', `hop ${hop} did not answer`)
    : new TorError('LINK_TIMEOUT', 'the first relay was not ready in time')
  return new TorError('CIRCUIT_TIMEOUT', `the circuit was not built within ${timeout} ms`, { cause })
}
