/**
 * A Tor client: directory, guards, paths and circuits behind a WinterTC `connect`.
 *
 * @module
 */
import { startTimer, systemClock } from '../base/clock.ts'
import type { Fetch } from '../fetch/create-fetch.ts'
import type { FetchInit } from '../fetch/request/request.ts'
import { chosenNetwork } from '../directory/network/chosen-network.ts'
import type { DirectoryRelay } from '../directory/network-directory.ts'
import { TorError } from '../base/errors.ts'
import { isInternalAddress, parseIPAddress, parseIPv6 } from '../cell/ip-address.ts'
import { currentPlatform } from '../platform/current.ts'
import { LOOKUP_OPTION_NAMES, lookUp, type LookupAnswer, type LookupOptions } from '../stream/lookup.ts'
import { checkStreamDefaults, STREAM_OPTION_NAMES, type StreamOptions } from '../stream/options.ts'
import { abortSignal, checkOptions, duration, flag, type OptionNames } from '../base/checks.ts'
import { parseHost, parseSocketAddress, type AnySocketAddress } from '../stream/socket-address.ts'
import { tlsLayer } from '../stream/tls-layer.ts'
import { TorStream } from '../stream/tor-stream.ts'
import { Attachment } from './attach/attachment.ts'
import { ClientCore } from './client-core.ts'
import { CLIENT_OPTION_NAMES, directoryUrl, type TorClientOptions } from './client-options.ts'
import type { ExitRequirements } from './paths/exit-choice.ts'
import type { IsolationToken } from './circuits/isolation.ts'
import { unlessAborted } from '../base/pause.ts'
import { secureRandom } from './relays/random.ts'
import { refuseTarget } from './attach/refusals.ts'
import type { ClientStatus } from './bootstrap/status.ts'

/** Which circuit a stream or a lookup may take. */
export interface CircuitChoice {
  /** Streams share a circuit only with those that have the same token. Compared by identity. */
  readonly isolation?: IsolationToken | undefined
  /** A condition on the exit, beside its policy. Choosing exits makes you easier to tell apart. */
  readonly exit?: ((relay: DirectoryRelay) => boolean) | undefined
}

/** How long a stream or a lookup is tried. */
export interface AttemptLimits {
  /**
   * How long it may take in all, with every try, in ms.
   *
   * @defaultValue 120000
   */
  readonly timeout?: number | undefined
  /**
   * How long each try may take, in ms; the last counts for all further ones.
   *
   * @defaultValue [10000, 10000, 15000]
   */
  readonly attemptTimeouts?: readonly number[] | undefined
}

/** Options of {@link TorClient.connect}. */
export interface ConnectOptions extends Omit<StreamOptions, 'timeout'>, CircuitChoice, AttemptLimits {}

/** Options of {@link TorClient.resolve}. */
export interface ResolveOptions extends Omit<LookupOptions, 'timeout'>, CircuitChoice, AttemptLimits {}

/** What {@link TorClient.fetch} may be told beside the standard's members. */
export interface TorFetchInit extends FetchInit {
  /** As of {@link CircuitChoice}. Connections are used again only for fetches with this very function. */
  readonly exit?: CircuitChoice['exit']
}

const CIRCUIT_CHOICE_NAMES: OptionNames<CircuitChoice> = { isolation: true, exit: true }
const CONNECT_OPTION_NAMES: OptionNames<ConnectOptions> = {
  ...STREAM_OPTION_NAMES,
  ...CIRCUIT_CHOICE_NAMES,
  attemptTimeouts: true,
}
const RESOLVE_OPTION_NAMES: OptionNames<ResolveOptions> = {
  ...LOOKUP_OPTION_NAMES,
  ...CIRCUIT_CHOICE_NAMES,
  attemptTimeouts: true,
}

/** As C tor has them: `SocksTimeout` and `CircuitStreamTimeout` for one try after another. */
const STREAM_TIMEOUT = 120_000
const ATTEMPT_TIMEOUTS = [10_000, 10_000, 15_000] as const
const OPEN_TIMEOUT = 120_000

/**
 * A client of a Tor network.
 *
 * ```ts
 * await using tor = await TorClient.open()
 * const socket = tor.connect('example.com:80')
 * await socket.opened
 * ```
 */
export class TorClient {
  readonly #core: ClientCore
  readonly #streamDefaults: StreamOptions
  /** What tells the streams of this view from those of others. */
  readonly #view = Symbol('isolation')
  #fetch: Promise<Fetch> | undefined

  private constructor(core: ClientCore, streamDefaults: StreamOptions) {
    this.#core = core
    this.#streamDefaults = streamDefaults
    this.connect = this.connect.bind(this)
    this.resolve = this.resolve.bind(this)
    this.fetch = this.fetch.bind(this)
  }

  /**
   * Gets a directory that more than half of the network's authorities signed, chooses guards and builds a first
   * circuit.
   *
   * @throws TypeError or RangeError naming the option
   * @throws TorError what went wrong: `DIRECTORY_…`, `LINK_…`, `CIRCUIT_…`, `NO_PATH`, `CLIENT_OBSOLETE`, `ABORTED`,
   * `TIMEOUT`; then nothing stays open
   */
  static async open(options: TorClientOptions = {}): Promise<TorClient> {
    checkOptions(options, CLIENT_OPTION_NAMES)
    const { clock = systemClock, platform = currentPlatform(), streamDefaults = {}, onProgress } = options
    checkStreamDefaults(streamDefaults)
    const signal = abortSignal('signal', options.signal)
    const chosen = chosenNetwork(options.network)
    const network = chosen instanceof Promise ? await chosen : chosen
    const timeout = duration('timeout', options.timeout ?? OPEN_TIMEOUT)
    const transport = options.transport ?? platform.transport
    if (transport === undefined)
      throw new TypeError('Cannot open a client without transport as this runtime cannot dial')
    const deadline = new AbortController()
    let thrown: { readonly error: unknown } | undefined
    const { congestionControl = true } = options
    flag('congestionControl', congestionControl)
    const directory = directoryUrl(options.directory)
    const core = new ClientCore({
      network,
      transport,
      storage: options.storage ?? (await platform.storage()),
      clock,
      platform,
      random: options.random ?? secureRandom,
      congestionControl,
      snapshot: directory && { url: directory, patience: timeout / 3, fetch: options.directoryFetch },
      onProgress: (status) => {
        try {
          if (thrown === undefined) onProgress?.(status)
        } catch (error) {
          // Whatever phase this is: it must not look like a fault of the network's.
          thrown = { error }
          deadline.abort()
        }
      },
    })
    const stopTimer = startTimer(clock, timeout, () => deadline.abort())
    try {
      const both = AbortSignal.any([deadline.signal, ...(signal ? [signal] : [])])
      await unlessAborted(core.start(both), both)
      return new TorClient(core, streamDefaults)
    } catch (error) {
      const { status, lastFailure } = core
      await core.close()
      if (thrown) throw thrown.error
      if (signal?.aborted) throw new TorError('ABORTED', 'opening the client was aborted', { cause: signal.reason })
      if (!deadline.signal.aborted) throw error
      throw new TorError('TIMEOUT', `the client was not ready within ${timeout} ms: ${status.message}`, {
        cause: lastFailure ?? error,
      })
    } finally {
      stopTimer()
    }
  }

  /** How far the client is, and what its user should know. */
  get status(): ClientStatus {
    return this.#core.status
  }

  /**
   * Opens a stream to `address`. Returns at once; see {@link TorStream}. A try that fails for a reason that another
   * circuit may mend is made again there, with all that was written so far; `error.attempts` tells of each. Bound:
   * `const { connect } = tor` works.
   *
   * @throws TypeError or RangeError naming the argument, before anything is sent
   * @throws SocketError `ADDRESS_REFUSED` for what no exit should be asked for: private addresses, `.onion`, `.exit`,
   * invalid names
   */
  connect(address: AnySocketAddress, ownOptions: ConnectOptions = {}): TorStream {
    checkOptions(ownOptions, CONNECT_OPTION_NAMES)
    const { isolation, exit, attemptTimeouts, ...options } = { ...this.#streamDefaults, ...ownOptions }
    const target = parseSocketAddress(address)
    refuseTarget(target.hostname, this.#isTesting && options.rejectInternalAddresses !== true)
    const requirements = {
      ports: [target.port],
      host: target.hostname,
      exit,
      family: familyOf(target.hostname, options),
    }
    const attachment = this.#attachment(requirements, { ...options, isolation, attemptTimeouts })
    return new TorStream(attachment, target, {
      clock: this.#core.clock,
      tlsLayer: tlsLayer(this.#core.platform.tls),
      ...options,
      optimistic: options.optimistic ?? this.#core.isOptimistic,
      rejectInternalAddresses: options.rejectInternalAddresses ?? !this.#isTesting,
      timeout: Infinity, // the attachment's own limits count
    })
  }

  /**
   * Resolves a host name to addresses, or an IP address to a host name, at an exit. Of `streamDefaults`
   * `rejectInternalAddresses` counts here too. Bound.
   *
   * @throws TypeError naming `name`
   * @throws SocketError `ADDRESS_REFUSED`; and as a rejection what {@link lookUp} tells, with `attempts`
   */
  resolve(name: string, ownOptions: ResolveOptions = {}): Promise<LookupAnswer[]> {
    checkOptions(ownOptions, RESOLVE_OPTION_NAMES)
    const { isolation, exit, attemptTimeouts, ...own } = ownOptions
    const rejectInternalAddresses =
      own.rejectInternalAddresses ?? this.#streamDefaults.rejectInternalAddresses ?? !this.#isTesting
    const options = { ...own, rejectInternalAddresses }
    const host = parseHost(name, 'name')
    refuseTarget(host, this.#isTesting && !rejectInternalAddresses)
    const attachment = this.#attachment({ ports: [], host, exit }, { ...options, isolation, attemptTimeouts })
    return lookUp(attachment, host, {
      clock: this.#core.clock,
      ...options,
      timeout: Infinity,
    })
  }

  /**
   * Fetches over this client's streams, as the `createFetch` of `tor-streams/fetch` does; `isolation` and `exit` in
   * `init` are those of its connections, which are used again under the same ones only. The module is loaded when first
   * used. Bound.
   *
   * @throws TypeError (as a rejection) for bad arguments, and for what fails on the way, with the reason as its `cause`
   */
  async fetch(input: string | URL | Request, init?: TorFetchInit): Promise<Response> {
    this.#fetch ??= import('../fetch/create-fetch.ts').then(({ createFetch }) =>
      createFetch({ connect: this.connect, clock: this.#core.clock }),
    )
    const fetch = await this.#fetch
    return await fetch(input, init)
  }

  /** Another view of this client, whose streams share no circuit with any other's. Closing either closes the client. */
  isolated(): TorClient {
    return new TorClient(this.#core, this.#streamDefaults)
  }

  /** Closes every stream, circuit and link; open links hold the process. Resolves when nothing is left. */
  close(): Promise<void> {
    return this.#core.close()
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isTesting(): boolean {
    return this.#core.network.testing === true
  }

  #attachment(
    requirements: ExitRequirements,
    options: Pick<ConnectOptions, 'isolation' | 'timeout' | 'attemptTimeouts' | 'rejectInternalAddresses'>,
  ): Attachment {
    const { isolation, attemptTimeouts = ATTEMPT_TIMEOUTS, rejectInternalAddresses = !this.#isTesting } = options
    const timeout = duration('timeout', options.timeout ?? STREAM_TIMEOUT)
    if (requirements.exit !== undefined && typeof requirements.exit !== 'function')
      throw new TypeError('Cannot use the option exit as it is no function')
    if (!Array.isArray(attemptTimeouts)) throw new TypeError('Cannot use the option attemptTimeouts as it is no list')
    if (attemptTimeouts.length === 0) throw new RangeError('Cannot use the option attemptTimeouts as it is empty')
    const limits = (attemptTimeouts as readonly number[]).map((limit) => duration('attemptTimeouts', limit))
    const need = { ...requirements, isolation: { view: this.#view, token: isolation } }
    return new Attachment({
      requirements,
      nextCircuit: (signal) => this.#core.pool.acquire(need, signal),
      refuses: (address) => rejectInternalAddresses && isInternalAddress(parseIPAddress(address) as Uint8Array),
      attemptTimeout: (attempt) => limits[Math.min(attempt, limits.length - 1)] as number,
      timeout,
      clock: this.#core.clock,
    })
  }
}

/** The kind of address that the exit's policy is asked about. */
function familyOf(host: string, { addressFamily }: StreamOptions): 4 | 6 | undefined {
  return parseIPv6(host) || addressFamily === 'ipv6' ? 6 : 4
}
