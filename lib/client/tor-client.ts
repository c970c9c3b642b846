/**
 * A Tor client: directory, guards, paths and circuits behind a WinterTC `connect`.
 *
 * @module
 */
import type { Fetch } from '../fetch/create-fetch.ts'
import { isInternalAddress, parseIPAddress } from '../cell/ip-address.ts'
import type { LookupAnswer } from '../stream/lookup.ts'
import { checkLookup } from '../stream/lookup-options.ts'
import type { StreamOptions } from '../stream/options.ts'
import { checkOptions } from '../base/checks.ts'
import { forgetFailed } from '../base/waiting/deferred.ts'
import { parseHost, parseSocketAddress, type AnySocketAddress, type SocketAddress } from '../stream/socket-address.ts'
import { tlsLayer } from '../stream/tls-layer.ts'
import { TorStream } from '../stream/tor-stream.ts'
import { Attachment } from './attach/attachment.ts'
import { onionAttachment } from './onion-attachment.ts'
import type { ClientCore } from './client-core.ts'
import type { TorClientOptions } from './client-options.ts'
import { familyOf, type ExitRequirements } from './paths/exit-choice.ts'
import { onionName, refuseTarget } from './attach/refusals.ts'
import type { OnionService } from '../onion/service/onion-service.ts'
import type { OnionServiceOptions } from '../onion/service/service-options.ts'
import { checkOnionKey } from './onion-key.ts'
import type { OnionKeyring } from './onion-keyring.ts'
import { openCore } from './open-core.ts'
import type { ClientStatus } from './bootstrap/status.ts'
import {
  checkAttempts,
  CONNECT_OPTION_NAMES,
  RESOLVE_OPTION_NAMES,
  type ConnectOptions,
  type ResolveOptions,
  type TorFetchInit,
} from './connect-options.ts'
import type { CircuitInfo } from './watch/circuit-info.ts'
import type { ClientEvent, WatchOptions } from './watch/client-event.ts'
import { watch } from './watch/watch.ts'

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
  readonly #onionKeys: OnionKeyring | undefined
  #latest: Self

  private constructor(core: ClientCore, streamDefaults: StreamOptions, onionKeys: OnionKeyring | undefined) {
    this.#core = core
    this.#onionKeys = onionKeys
    this.#streamDefaults = streamDefaults
    this.#latest = { identity: core.identity, view: Symbol('isolation'), fetch: undefined }
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
    const { core, streamDefaults, onionKeys } = await openCore(options)
    return new TorClient(core, streamDefaults, onionKeys)
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
   * @throws SocketError `ADDRESS_REFUSED` for what no exit should be asked for: private addresses, `.exit`, invalid names;
   * `ONION_ADDRESS_INVALID` for what ends in `.onion` and has not the form of an onion service's name
   */
  connect(address: AnySocketAddress, ownOptions: ConnectOptions = {}): TorStream {
    return this.#connect(address, ownOptions, this.#self)
  }

  /**
   * Resolves a host name to addresses, or an IP address to a host name, at an exit. Of `streamDefaults`
   * `rejectInternalAddresses` counts here too. The module is loaded when first used. Bound.
   *
   * @throws TypeError naming `name`
   * @throws SocketError `ADDRESS_REFUSED`; and as a rejection what `lookUp` of `tor-streams/stream` tells, with `attempts`
   */
  resolve(name: string, ownOptions: ResolveOptions = {}): Promise<LookupAnswer[]> {
    checkOptions(ownOptions, RESOLVE_OPTION_NAMES)
    const { isolation, exit, attemptTimeouts, ...own } = ownOptions
    const rejectInternalAddresses =
      own.rejectInternalAddresses ?? this.#streamDefaults.rejectInternalAddresses ?? !this.#isTesting
    const options = { ...own, rejectInternalAddresses }
    const host = parseHost(name, 'name')
    refuseTarget(host, this.#isTesting && !rejectInternalAddresses)
    const needs = { ports: [], host, exit }
    const attachment = this.#attachment(needs, { ...options, isolation, attemptTimeouts }, this.#self)
    const all = checkLookup({ clock: this.#core.clock, ...options, timeout: Infinity })
    return import('../stream/lookup.ts').then(({ lookUp }) => lookUp(attachment, host, all))
  }

  /**
   * Fetches over this client's streams, as the `createFetch` of `tor-streams/fetch` does; `isolation` and `exit` in
   * `init` are those of its connections, which are used again under the same ones only. The module is loaded when first
   * used. Bound.
   *
   * @throws TypeError (as a rejection) for bad arguments, and for what fails on the way, with the reason as its `cause`
   */
  async fetch(input: string | URL | Request, init?: TorFetchInit): Promise<Response> {
    const self = this.#self
    self.fetch ??= forgetFailed(
      import('../fetch/create-fetch.ts').then(({ createFetch }) =>
        createFetch({
          connect: (address, options) => this.#connect(address, options, self),
          clock: this.#core.clock,
        }),
      ),
      () => (self.fetch = undefined),
    )
    const fetch = await self.fetch
    return await fetch(input, init)
  }

  /**
   * Begins an onion service, whose visitors' streams come out of `incoming`: see {@link OnionService}. It is closed with
   * the client. The module is loaded when first used.
   *
   * @throws TypeError or RangeError (as a rejection) naming the option; or TorError, as `CIRCUIT_CLOSED`, `ABORTED`
   */
  async serve(options: OnionServiceOptions): Promise<OnionService> {
    return await (await this.#core.onions()).serve(options, this.#streamDefaults)
  }

  /** Another view of this client, whose streams share no circuit with any other's. Closing either closes the client. */
  isolated(): TorClient {
    return new TorClient(this.#core, this.#streamDefaults, this.#onionKeys)
  }

  /**
   * The circuits that there are, as they are now, with the streams on them: those of the whole client, whichever view is
   * asked. Plain frozen objects.
   *
   * ```ts
   * for (const { path, streams } of tor.circuits) {
   *   console.log(path.map(({ nickname }) => nickname).join(' -> '), streams.map(({ target }) => target))
   * }
   * ```
   */
  get circuits(): readonly CircuitInfo[] {
    return this.#core.observer.circuits
  }

  /**
   * What happens from now on: the status, circuits, streams, and how many bytes go. It begins with what there is. Whoever
   * reads slowly gets the newest state of each and not all that led there, so nothing piles up; whoever has had enough
   * cancels, or aborts `signal`. It ends when the client is closed.
   *
   * ```ts
   * for await (const event of tor.watch({ signal: AbortSignal.timeout(60_000) })) {
   *   if (event.type === 'bandwidth') console.log(`${event.bytesIn} bytes in ${event.duration} ms`)
   *   if (event.type === 'stream') console.log(event.stream.target, event.stream.state, event.stream.flow)
   * }
   * ```
   *
   * @throws TypeError or RangeError naming the option
   */
  watch(options: WatchOptions = {}): ReadableStream<ClientEvent> {
    return watch(this.#core.observer, options, this.#streamDefaults.streams?.ReadableStream)
  }

  /**
   * From now on the client is another one to whom it talks to: what begins now, through any view, shares no circuit and
   * no connection of `fetch` with anything before. Streams that are open go on, a fetch to the end of its redirects. The
   * guard stays the same, and so does the link to it: another guard would be a risk, and hide nothing.
   *
   * What others keep is theirs to forget: cookies, and the connections of pools. Those of `createFetch` and `TorAgent`
   * are not used again once `socket.outdated` is true; a pool of undici's is made anew.
   */
  newIdentity(): void {
    this.#core.renewIdentity()
    void this.#self // its idle connections close now
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

  #connect(address: AnySocketAddress, ownOptions: ConnectOptions, self: Self): TorStream {
    checkOptions(ownOptions, CONNECT_OPTION_NAMES)
    const { isolation, exit, attemptTimeouts, onionAuth, ...options } = { ...this.#streamDefaults, ...ownOptions }
    if (onionAuth !== undefined) checkOnionKey('onionAuth', onionAuth)
    const target = parseSocketAddress(address)
    const onion = onionName(target.hostname)
    if (onion !== undefined) {
      const attachment = onionAttachment(
        { core: this.#core, self, clientKey: onionAuth ?? this.#onionKeys?.keyFor(onion) },
        { hostname: onion, port: target.port },
        { exit, attemptTimeouts, isolation, timeout: options.timeout },
      )
      return this.#stream(attachment, target, { ...options, namesHost: false })
    }
    refuseTarget(target.hostname, this.#isTesting && options.rejectInternalAddresses !== true)
    const requirements = {
      ports: [target.port],
      host: target.hostname,
      exit,
      family: familyOf(target.hostname, options),
    }
    const attachment = this.#attachment(requirements, { ...options, isolation, attemptTimeouts }, self)
    return this.#stream(attachment, target, options)
  }

  #stream(attachment: Attachment, target: SocketAddress, options: StreamOptions): TorStream {
    return new TorStream(attachment, target, {
      clock: this.#core.clock,
      tlsLayer: tlsLayer(this.#core.platform.tls),
      ...options,
      optimistic: options.optimistic ?? this.#core.isOptimistic,
      rejectInternalAddresses: options.rejectInternalAddresses ?? !this.#isTesting,
      timeout: Infinity, // the attachment's own limits count
    })
  }

  #attachment(
    requirements: ExitRequirements,
    options: Pick<ConnectOptions, 'isolation' | 'timeout' | 'attemptTimeouts' | 'rejectInternalAddresses'>,
    self: Self,
  ): Attachment {
    const core = this.#core
    const { isolation, rejectInternalAddresses = !this.#isTesting } = options
    const need = { ...requirements, isolation: { view: self.view, token: isolation } }
    return new Attachment({
      requirements,
      nextCircuit: (signal) => core.pool.acquire(need, signal),
      refuses: (address) => rejectInternalAddresses && isInternalAddress(parseIPAddress(address) as Uint8Array),
      ...checkAttempts({ ...options, exit: requirements.exit }),
      clock: core.clock,
      watcher: core.observer,
      isOutdated: () => core.identity !== self.identity,
    })
  }

  /** What is this view's now; that of an identity which was left behind keeps no connections. */
  get #self(): Self {
    const { identity } = this.#core
    if (this.#latest.identity !== identity) {
      this.#latest.fetch?.then((fetch) => fetch.closeIdle()).catch(() => undefined) // whoever fetched is told
      this.#latest = { identity, view: Symbol('isolation'), fetch: undefined }
    }
    return this.#latest
  }
}

/** A view of a client, as long as the client has one identity. */
interface Self {
  readonly identity: symbol
  /** What tells its streams from those of others. */
  readonly view: symbol
  fetch: Promise<Fetch> | undefined
}
