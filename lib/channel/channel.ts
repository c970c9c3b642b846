/**
 * A link to a relay, and the circuits on it (tor-spec, "Negotiating and initializing connections" and "Cell packet
 * format").
 *
 * Receiving is one synchronous pass per read of the link: cut into cells, handed to their circuits, then each circuit
 * that got some is told that the pass is over. Cells for circuits that are not known are dropped, as the specification
 * has it: they are under way when a circuit is closed, and cannot be told from made-up ones. (C tor and Arti drop them
 * too.)
 *
 * @module
 */
import { checkOptions } from '../base/checks.ts'
import { constantTimeEqual } from '../cell/bytes.ts'
import { CellCommand, cellCommandName } from '../cell/commands.ts'
import { monotonicTime, startTimer, systemClock, type Clock } from '../base/waiting/clock.ts'
import { LONGEST_TIMER } from '../base/checks.ts'
import { deferred } from '../base/waiting/deferred.ts'
import { TorError } from '../base/errors.ts'
import { secureRandom } from '../base/random.ts'
import { withheld } from '../base/withheld.ts'
import { currentPlatform } from '../platform/current.ts'
import { checkDirectoryServer, type DirectoryServer } from '../relay.ts'
import type { ProvenIdentity } from './certs.ts'
import { CHANNEL_OPTION_NAMES, checkLinkPadding, type ChannelOptions } from './channel-options.ts'
import { ChannelCircuit } from './channel-circuit.ts'
import type { CircuitPort, CircuitReceiver } from './circuit-port.ts'
import type { LinkItem } from './deframer.ts'
import { PADDING_VERSION } from './link-handshake.ts'
import { LinkOutput } from './link-output.ts'
import { DEFAULT_LINK_PADDING, LinkPadding } from './link-padding.ts'
import { openLink, type OpenLink } from './open-link.ts'

/** How long opening may take, in ms. */
const DEFAULT_TIMEOUT = 10_000

/** How long `close` may take to send what was given to the link, in ms. */
const CLOSE_LINGER = 1000

/**
 * How many ids of circuits that were closed from this side are kept from being used again while their last cells
 * arrive.
 */
const RELEASED_IDS = 4096

/** A cell of padding says nothing. */
const NO_BODY = new Uint8Array(0)

/** A failure of a stream that is given up anyway. */
const ignore = (): void => undefined

/** A connection to a relay that has proved who it is. */
export class Channel implements AsyncDisposable {
  /** The relay at the other end, as it was asked for. */
  readonly relay: DirectoryServer
  /** The identities that it has proved, both of them, whether both were asked for or not. */
  readonly identity: ProvenIdentity
  /** The link protocol: 4 or 5. */
  readonly linkVersion: number
  /**
   * The relay's clock minus ours when the channel was opened, in seconds; undefined when the relay did not tell the
   * time. A relay may be wrong, or lie.
   */
  readonly clockSkew: number | undefined
  /**
   * Resolves when the channel was closed from this side; rejects with a TorError when it failed: `LINK_CLOSED`, or
   * `LINK_PROTOCOL` if the relay broke the protocol. Nobody has to handle it.
   */
  readonly closed: Promise<void>

  readonly #link: OpenLink
  readonly #output: LinkOutput
  readonly #padding: LinkPadding
  readonly #clock: Clock
  readonly #closed = deferred<void>()
  readonly #circuits = new Map<number, ChannelCircuit>()
  /** Ids not to be used again yet, oldest first. */
  readonly #releasedIds = new Set<number>()
  /** The circuits that the read in work has brought something for. */
  readonly #touched = new Set<ChannelCircuit>()
  #open = true
  #lastReceived: number

  /**
   * Connects to `relay`: dials its addresses in order, and lets it prove its identities.
   *
   * @throws TypeError without a transport, or naming the option or the field of the relay that is not right; RangeError for a port or
   * a timeout that is not above 0 and below 2^31; TorError `LINK_UNREACHABLE`, `LINK_TIMEOUT`, `LINK_CLOSED`,
   * `LINK_VERSION`, `LINK_CERTS`, `LINK_IDENTITY`, `LINK_PROTOCOL`, or `ABORTED` with the signal's reason as `cause`;
   * then nothing stays open
   */
  static async connect(relay: DirectoryServer, options: ChannelOptions = {}): Promise<Channel> {
    checkOptions(options, CHANNEL_OPTION_NAMES)
    const { platform = currentPlatform(), clock = systemClock, timeout = DEFAULT_TIMEOUT, signal } = options
    const transport = options.transport ?? platform.transport
    if (transport === undefined)
      throw new TypeError('Cannot connect to a relay without "transport" as this runtime has none')
    if (!(timeout > 0 && timeout <= LONGEST_TIMER)) {
      throw new RangeError(`Cannot connect to a relay as "timeout" is ${timeout}`)
    }
    const { linkPadding = 'normal' } = options
    checkLinkPadding(linkPadding)
    checkDirectoryServer(relay, 'relay')
    const link = await openLink(relay, { transport, platform, clock, timeout, signal, linkPadding })
    return new Channel(relay, link, clock, options)
  }

  private constructor(
    relay: DirectoryServer,
    link: OpenLink,
    clock: Clock,
    { linkPadding = 'normal', linkPaddingRanges, random = secureRandom }: ChannelOptions,
  ) {
    this.relay = relay
    this.identity = link.identity
    this.linkVersion = link.linkVersion
    this.clockSkew = link.clockSkew
    this.closed = this.#closed.promise
    this.#link = link
    this.#clock = clock
    this.#lastReceived = monotonicTime(clock)
    const lost = (cause: unknown): void => {
      this.#fail(new TorError('LINK_CLOSED', 'The connection to the relay was lost', { cause: withheld(cause) }))
    }
    this.#padding = new LinkPadding({
      // Before link protocol 5 nobody pads.
      mode: link.linkVersion < PADDING_VERSION ? 'off' : linkPadding,
      ranges: linkPaddingRanges ?? (() => DEFAULT_LINK_PADDING),
      clock,
      random,
      send: () => this.#output.sendCell(0, CellCommand.PADDING, NO_BODY),
      isBehind: () => this.#output.isBehind,
    })
    this.#output = new LinkOutput(link.port, lost, () => this.#padding.passed())
    this.#output.begin(link.answer)
    // Tells of a link that breaks while nothing is being written.
    void link.port.writeClosed.then((why) => lost(why()))
    this.#receive(link.items).catch((error: unknown) => {
      const told = error instanceof TorError && (error.code === 'LINK_PROTOCOL' || error.code === 'LINK_CLOSED')
      if (told) this.#fail(error)
      else lost(error)
    })
  }

  /** True when the relay at the other end has proved to be this one, by every identity that is known of it. */
  leadsTo({ rsaIdentity, ed25519Identity }: Pick<DirectoryServer, 'rsaIdentity' | 'ed25519Identity'>): boolean {
    const proven = this.identity
    return (
      constantTimeEqual(proven.rsaIdentity, rsaIdentity) &&
      (ed25519Identity === undefined || constantTimeEqual(proven.ed25519Identity, ed25519Identity))
    )
  }

  /** When the relay was last heard, by the clock's monotonic time, in ms. */
  get lastReceived(): number {
    return this.#lastReceived
  }

  /** True when this machine has lost the address that the link goes out from: nothing can come of it any more. */
  get isStranded(): boolean {
    return this.#link.isStranded()
  }

  /**
   * Takes a circuit id for a new circuit, at random, and gives its port. Nothing is sent.
   *
   * @param isWhole - it is to have several hops: from then on the link is padded
   * @throws TorError `LINK_CLOSED`
   */
  openCircuit(receiver: CircuitReceiver, isWhole = false): CircuitPort {
    if (!this.#open) throw new TorError('LINK_CLOSED', 'Cannot open a circuit as the channel is closed')
    if (isWhole) this.#padding.start()
    const circuitId = this.#unusedId()
    const circuit = new ChannelCircuit(circuitId, receiver, this.#output, () => this.#released(circuitId))
    this.#circuits.set(circuitId, circuit)
    return circuit
  }

  /**
   * @internal The channel is about to be closed: circuits that end before it does are not told of, as C tor's client
   * tells of none when it exits.
   */
  hush(): void {
    this.#output.isHushed = true
  }

  /**
   * Closes the channel and with it its circuits, which hear of it at once. What they gave to the link is still sent, if
   * it takes that within a second. Returns {@link closed}.
   */
  close(): Promise<void> {
    if (!this.#open) return this.closed
    this.#endCircuits(new TorError('LINK_CLOSED', 'The channel was closed'))
    const { port } = this.#link
    const finish = (): void => {
      cancelTimer()
      port.abort(undefined)
      port.cancel()
      this.#closed.resolve()
    }
    const cancelTimer = startTimer(this.#clock, CLOSE_LINGER, finish)
    this.#output.finish().then(finish, finish)
    return this.closed
  }

  /** Closes the channel. Does not reject. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(ignore)
  }

  /**
   * An id with the highest bit set, as the initiator of a link has them (tor-spec, "Choosing circuit IDs in create
   * cells").
   */
  #unusedId(): number {
    const random = new Uint32Array(1)
    for (;;) {
      crypto.getRandomValues(random)
      const id = ((random[0] as number) | 0x8000_0000) >>> 0
      if (!this.#circuits.has(id) && !this.#releasedIds.has(id)) return id
    }
  }

  #released(circuitId: number): void {
    if (!this.#circuits.delete(circuitId)) return
    this.#releasedIds.add(circuitId)
    const [oldest] = this.#releasedIds
    if (this.#releasedIds.size > RELEASED_IDS) this.#releasedIds.delete(oldest as number)
  }

  /** Works off reads until the channel is closed. */
  async #receive(first: readonly LinkItem[]): Promise<void> {
    const { port, deframer } = this.#link
    let items = first
    for (;;) {
      for (const item of items) {
        const delay = this.#dispatch(item)
        // Keystream is being made: later cells of this circuit must wait, and those of others do.
        if (delay !== undefined) await delay
        if (!this.#open) return
      }
      for (const circuit of this.#touched) circuit.endOfPass()
      this.#touched.clear()
      const bytes = await port.read()
      if (!this.#open) return
      if (bytes === undefined) throw new TorError('LINK_CLOSED', 'The relay closed the connection')
      this.#lastReceived = monotonicTime(this.#clock)
      this.#padding.passed()
      items = deframer.push(bytes)
    }
  }

  #dispatch(item: LinkItem): Promise<void> | undefined {
    const command = item.kind === 'run' ? CellCommand.RELAY : item.command
    switch (command) {
      case CellCommand.RELAY:
      case CellCommand.RELAY_EARLY:
      case CellCommand.DESTROY:
      case CellCommand.CREATED:
      case CellCommand.CREATED_FAST:
      case CellCommand.CREATED2:
        return this.#deliver(item)
      case CellCommand.CREATE:
      case CellCommand.CREATE_FAST:
      case CellCommand.CREATE2:
      case CellCommand.NETINFO:
      case CellCommand.PADDING_NEGOTIATE:
      case CellCommand.CERTS:
      case CellCommand.AUTH_CHALLENGE:
      case CellCommand.AUTHENTICATE:
        throw new TorError(
          'LINK_PROTOCOL',
          `The relay sent ${cellCommandName(command)}, which is not legal on an open link`,
        )
      default:
        // PADDING, VPADDING, a VERSIONS that comes too late, and what has no meaning yet (tor-spec, "Cell packet
        // format").
        return undefined
    }
  }

  #deliver(item: LinkItem): Promise<void> | undefined {
    const { circuitId } = item
    if (circuitId === 0) throw new TorError('LINK_PROTOCOL', 'The relay sent a cell of a circuit without a circuit id')
    const circuit = this.#circuits.get(circuitId)
    if (circuit !== undefined) this.#touched.add(circuit)
    if (item.kind === 'run') return circuit?.receiveRelay(item.bodies, item.count)
    if (item.command === CellCommand.DESTROY) {
      this.#circuits.delete(circuitId)
      this.#releasedIds.delete(circuitId)
      circuit?.receiveDestroy(item.body)
    } else {
      circuit?.receiveCell(item.command, item.body)
    }
    return undefined
  }

  #endCircuits(error: TorError): void {
    this.#open = false
    this.#padding.stop()
    this.#output.end()
    const circuits = [...this.#circuits.values()]
    this.#circuits.clear()
    this.#releasedIds.clear()
    this.#touched.clear()
    for (const circuit of circuits) circuit.channelClosed(error)
  }

  #fail(error: TorError): void {
    if (!this.#open) return
    this.#endCircuits(error)
    this.#link.port.cancel(error)
    this.#link.port.abort(error)
    this.#closed.reject(error)
  }
}
