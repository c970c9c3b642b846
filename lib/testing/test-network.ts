/**
 * A small Tor network within this process: relays that speak the real link, circuit and stream protocols over
 * connections in memory. It serves this library's own demo and specs, and the tests of whoever uses the library.
 *
 * Nothing of it is private or anonymous, and its relays keep account of everything: it is for tests only. A test takes
 * relays' descriptions from {@link TestNetwork.relays} or {@link TestNetwork.path}; or it asks for authorities, and
 * clients learn of the relays as on any Tor network, by {@link TestNetwork.config}.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../base/checks.ts'
import { unlessAborts } from '../base/waiting/abort.ts'
import { systemClock } from '../base/waiting/clock.ts'
import type { Clock } from '../base/waiting/clock.ts'
import type { NetworkConfig } from '../directory/network/network-config.ts'
import type { LinkTransport, LinkAddress, Link } from '../platform/links/transport.ts'
import type { Relay } from '../relay.ts'
import { authorityKeys } from './directory/authority-keys.ts'
import type { AuthorityKeys } from './directory/authority-keys.ts'
import { directoryExit } from './directory/directory-server.ts'
import type { ExitHandler, ResolveHandler } from './exit/exit.ts'
import { echo } from './exit/exits.ts'
import { DescriptorKeepers } from './onion/descriptor-keepers.ts'
import { Meetings } from './onion/meetings.ts'
import { TestOnionService, type TestOnionServiceOptions } from './onion/test-onion-service.ts'
import { Observer } from './relay/observer.ts'
import { systemRandom } from './identity/random.ts'
import type { RandomSource } from './identity/random.ts'
import { createRelayIdentity } from './identity/relay-identity.ts'
import { authorityPlan, completePlan } from './relay/relay-plan.ts'
import type { CompletePlan, RelayPlan } from './relay/relay-plan.ts'
import type { TestCircuit } from './relay/test-circuit.ts'
import { TestDirectory } from './directory/test-directory.ts'
import { startRelay } from './relay/test-relay.ts'
import type { TestRelay } from './relay/test-relay.ts'

/** How a network is made. */
export interface TestNetworkOptions {
  /**
   * How many relays, 1 to 200, or what each shall be.
   *
   * @default 4
   */
  readonly relays?: number | readonly RelayPlan[]
  /**
   * How many directory authorities, 0 to 9, which are relays beside the others: then all relays serve a directory.
   * The keys of the first three are the same everywhere; making others takes some time, once in a process.
   *
   * @default 0
   */
  readonly authorities?: number
  /**
   * What every relay connects streams to; a relay's own `exit` may be set later.
   *
   * @default an echo
   */
  readonly exit?: ExitHandler
  /**
   * How every relay answers RESOLVE.
   *
   * @default no name resolves
   */
  readonly resolve?: ResolveHandler
  /**
   * Whether there is congestion control. Without it the relays do not claim to speak it (their `pr` lines say
   * `FlowCtrl=1`), decline when they are asked all the same, and the consensus says `cc_alg=0`. The handshake is
   * ntor-v3 either way.
   *
   * @default true
   */
  readonly congestionControl?: boolean
  /** Time, for delays and certificates. */
  readonly clock?: Clock
  /**
   * Random bytes for keys, padding and challenges; not for the RSA identities and ephemeral keys, which the runtime
   * makes.
   */
  readonly random?: RandomSource
}

const NETWORK_OPTION_NAMES: OptionNames<TestNetworkOptions> = {
  relays: true,
  authorities: true,
  exit: true,
  resolve: true,
  congestionControl: true,
  clock: true,
  random: true,
}

/** The relays' addresses: a block that is for documentation (RFC 5737), and that nobody can dial. */
const relayDefaults = (index: number): { nickname: string; address: LinkAddress } => ({
  nickname: `test${index + 1}`,
  address: { hostname: `192.0.2.${index + 1}`, port: 9001 },
})

/** Another such block. */
const authorityDefaults = (index: number): { nickname: string; address: LinkAddress } => ({
  nickname: `auth${index + 1}`,
  address: { hostname: `198.51.100.${index + 1}`, port: 9001 },
})

/**
 * A network of test relays.
 *
 * ```ts
 * await using network = await TestNetwork.start({ exit: source({ length: 1_000_000 }) })
 * const [guard] = network.relays
 * const link = await network.transport.connect(guard.address, { signal })
 * ```
 */
export class TestNetwork {
  /** The relays, in an order that never changes; the authorities are the last. */
  readonly relays: readonly TestRelay[]
  /** Dials the relays by their made-up addresses; any other address is refused. */
  readonly transport: LinkTransport
  /** Every address that was dialled through {@link transport}, in order, the refused ones included. */
  readonly dials: LinkAddress[] = []
  /**
   * The circuits that clients have created, the oldest first, each as its guard has it; its `hops` are the rest of the
   * path.
   */
  readonly circuits: TestCircuit[] = []

  #directory: TestDirectory<TestRelay> | undefined
  readonly #meetings = new Meetings()
  readonly #keepers = new DescriptorKeepers()
  readonly #observer = new Observer()
  readonly #clock: Clock
  #closing: Promise<void> | undefined
  /** Aborts when the network closes. */
  readonly #end = new AbortController()

  /**
   * Makes the relays' keys and starts them.
   *
   * @throws RangeError when `relays` or `authorities` is out of range
   * @throws TypeError or RangeError naming the option, or the relay when a plan cannot be
   */
  static async start(options: TestNetworkOptions = {}): Promise<TestNetwork> {
    checkOptions(options, NETWORK_OPTION_NAMES)
    const { random = systemRandom, authorities = 0, congestionControl = true } = options
    const plans = planAll(options.relays ?? 4, authorities, congestionControl)
    const [identities, keys] = await Promise.all([
      Promise.all(plans.map(() => createRelayIdentity(random))),
      Promise.all(Array.from({ length: authorities }, (_, index) => authorityKeys(index))),
    ])
    const network = new TestNetwork(options.clock ?? systemClock)
    const made = identities.map((identity, index) => {
      const plan = plans[index] as CompletePlan
      return startRelay({
        network,
        plan,
        identity,
        clock: network.#clock,
        random,
        observer: network.#observer,
        exit: plan.exit ?? options.exit ?? echo(),
        resolve: plan.resolve ?? options.resolve ?? (() => [{ type: 'error', transient: false, ttl: 60 }]),
        congestionControl,
      })
    })
    ;(network.relays as TestRelay[]).push(...made)
    for (const relay of made) relay.onion = (circuit, message) => network.#meetings.receive(circuit, message)
    if (authorities > 0) network.#found(keys, congestionControl)
    return network
  }

  private constructor(clock: Clock) {
    this.#clock = clock
    this.relays = []
    this.transport = { connect: (address, { signal }) => this.#dial(address, signal) }
  }

  /**
   * What the authorities agree on, with knobs for it.
   *
   * @throws Error when the network has no authorities
   */
  get directory(): TestDirectory<TestRelay> {
    if (this.#directory === undefined)
      throw new Error('This test network has no directory: start it with "authorities"')
    return this.#directory
  }

  /**
   * What a client needs to know to find its way from nothing.
   *
   * @throws Error when the network has no authorities
   */
  get config(): NetworkConfig {
    return this.directory.config
  }

  /**
   * The descriptions of the first `length` relays: a path, the guard first.
   *
   * @throws RangeError when the network has fewer relays
   */
  path(length: number = 3): Relay[] {
    if (!(length >= 1 && length <= this.relays.length)) {
      throw new RangeError(`Cannot make a path of "length" ${length} as the network has ${this.relays.length} relays`)
    }
    return this.relays.slice(0, length).map((relay) => relay.description)
  }

  /**
   * Starts an onion service: its introduction points are the first relays that are stable, and each relay that clients ask
   * has its descriptor.
   *
   * @throws Error when the network has no authorities
   * @throws TypeError or RangeError naming the option
   */
  onionService(options: TestOnionServiceOptions = {}): TestOnionService {
    if (this.#directory === undefined)
      throw new Error('This test network has no directory: start it with "authorities"')
    return new TestOnionService({ relays: this.relays, meetings: this.#meetings, keepers: this.#keepers }, options)
  }

  /**
   * Resolves when `predicate` is true; asked again after everything that happens. Rejects when the network closes
   * first.
   */
  when(predicate: () => boolean): Promise<void> {
    return this.#observer.when(predicate)
  }

  /** Breaks every link and stops. Nothing is left: no timer, no pending promise of this network's. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The relay that listens at an address. @internal */
  relayAt(address: LinkAddress): TestRelay | undefined {
    return this.relays.find((relay) => relay.listensAt(address))
  }

  /** The last relays become authorities, and all serve the directory. */
  #found(keys: readonly AuthorityKeys[], congestionControl: boolean): void {
    const relays = this.relays.slice(-keys.length)
    const authorities = keys.map((each, index) => {
      const relay = relays[index] as TestRelay
      relay.v3Identity = each.v3Identity
      return { nickname: relay.nickname, v3Identity: each.v3Identity, keys: each, relay }
    })
    const directory = new TestDirectory(authorities, this.relays, this.#clock)
    directory.onion = (request) => this.#keepers.answer(request)
    directory.params = { cc_alg: congestionControl ? 2 : 0 }
    for (const relay of this.relays) relay.directory = directoryExit(relay, directory)
    this.#directory = directory
  }

  async #close(): Promise<void> {
    const error = new Error('The test network was closed')
    this.#end.abort(error)
    const links = this.relays.flatMap((relay) => relay.links)
    for (const link of links) link.die(error)
    await this.#observer.when(() => links.every((link) => link.closed))
    this.#observer.close()
  }

  async #dial(address: LinkAddress, signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted()
    this.dials.push(address)
    this.#observer.notify()
    const relay = this.relayAt(address)
    if (relay?.reachable === 'never')
      await unlessAborts(new Promise<never>(() => undefined), [signal, this.#end.signal])
    this.#end.signal.throwIfAborted()
    if (relay?.reachable !== 'yes') throw new Error('Connection refused: no test relay listens at this address')
    const { memory } = relay.accept(true)
    return { ...memory.client, peerCertificate: relay.identity.leaf }
  }
}

/** Every relay, authorities last. */
function planAll(
  relays: number | readonly RelayPlan[],
  authorities: number,
  congestionControl: boolean,
): CompletePlan[] {
  const count = typeof relays === 'number' ? relays : relays.length
  if (!(Number.isInteger(count) && count >= 1 && count <= 200))
    throw new RangeError(`Cannot start a network of "relays": ${count}`)
  if (!(Number.isInteger(authorities) && authorities >= 0 && authorities <= 9)) {
    throw new RangeError(`Cannot start a network with "authorities": ${authorities}`)
  }
  const planned = typeof relays === 'number' ? Array.from({ length: count }, (): RelayPlan => ({})) : relays
  const plans = [
    ...planned.map((plan, index) => completePlan(plan, { ...relayDefaults(index), congestionControl })),
    ...Array.from({ length: authorities }, (_, index) =>
      completePlan(authorityPlan, { ...authorityDefaults(index), congestionControl }),
    ),
  ]
  const places = plans.flatMap(({ address, ipv6Address }) => [address, ...(ipv6Address ? [ipv6Address] : [])])
  const unique = new Set(places.map(({ hostname, port }) => `${hostname} ${port}`))
  if (unique.size !== places.length)
    throw new TypeError('Cannot start a network in which two relays have the same address')
  return plans
}
