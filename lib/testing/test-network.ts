/**
 * A small Tor network within this process: relays that speak the real link, circuit and stream protocols over connections
 * in memory. It serves this library's own demo and specs, and the tests of whoever uses the library.
 *
 * Nothing of it is private or anonymous, and its relays keep account of everything: it is for tests only. There is no
 * directory in it; a test takes relays' descriptions from {@link TestNetwork.relays} or {@link TestNetwork.path}.
 *
 * @module
 */
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Link, LinkAddress, Transport } from '../platform/platform.ts'
import type { Relay } from '../relay.ts'
import type { ExitHandler, ResolveHandler } from './exit.ts'
import { echo } from './exits.ts'
import { Observer } from './observer.ts'
import { systemRandom } from './random.ts'
import type { RandomSource } from './random.ts'
import { createRelayIdentity } from './relay-identity.ts'
import type { TestCircuit } from './test-circuit.ts'
import { TestRelay } from './test-relay.ts'

/** How a network is made. */
export interface TestNetworkOptions {
  /**
   * How many relays, 1 to 200.
   *
   * @default 4
   */
  readonly relays?: number
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
  /** Time, for delays and certificates. */
  readonly clock?: Clock
  /** Random bytes for keys, padding and challenges; not for the RSA identities and ephemeral keys, which the runtime makes. */
  readonly random?: RandomSource
}

/** The relays' addresses: a block that is for documentation (RFC 5737), and that nobody can dial. */
const addressOf = (index: number): LinkAddress => ({ hostname: `192.0.2.${index + 1}`, port: 9001 })

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
  /** The relays, in an order that never changes. */
  readonly relays: readonly TestRelay[]
  /** Dials the relays by their made-up addresses; any other address is refused. */
  readonly transport: Transport
  /** Every address that was dialled through {@link transport}, in order, the refused ones included. */
  readonly dials: LinkAddress[] = []
  /** The circuits that clients have created, the oldest first, each as its guard has it; its `hops` are the rest of the path. */
  readonly circuits: TestCircuit[] = []

  readonly #observer = new Observer()
  readonly #clock: Clock
  #closing: Promise<void> | undefined
  /** Aborts when the network closes. */
  readonly #end = new AbortController()

  /**
   * Makes the relays' keys and starts them.
   *
   * @throws RangeError when `relays` is out of range
   */
  static async start(options: TestNetworkOptions = {}): Promise<TestNetwork> {
    const { relays = 4, random = systemRandom } = options
    if (!(Number.isInteger(relays) && relays >= 1 && relays <= 200)) throw new RangeError(`Cannot start a network of "relays": ${relays}`)
    const identities = await Promise.all(Array.from({ length: relays }, () => createRelayIdentity(random)))
    const network = new TestNetwork(options.clock ?? systemClock)
    const made = identities.map(
      (identity, index) =>
        new TestRelay({
          network,
          nickname: `test${index + 1}`,
          address: addressOf(index),
          identity,
          clock: network.#clock,
          random,
          observer: network.#observer,
          exit: options.exit ?? echo(),
          resolve: options.resolve ?? (() => [{ type: 'error', transient: false, ttl: 60 }]),
        }),
    )
    ;(network.relays as TestRelay[]).push(...made)
    return network
  }

  private constructor(clock: Clock) {
    this.#clock = clock
    this.relays = []
    this.transport = { connect: (address, { signal }) => this.#dial(address, signal) }
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

  /** Resolves when `predicate` is true; asked again after everything that happens. Rejects when the network closes first. */
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
  relayAt({ hostname, port }: LinkAddress): TestRelay | undefined {
    return this.relays.find(({ address }) => address.hostname === hostname && address.port === port)
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
    if (relay?.reachable === 'never') await aborted(signal, this.#end.signal)
    this.#end.signal.throwIfAborted()
    if (relay?.reachable !== 'yes') throw new Error('Connection refused: no test relay listens at this address')
    const { memory } = relay.accept(true)
    return { ...memory.client, peerCertificate: relay.identity.leaf }
  }
}

/** Rejects when one of the signals aborts, and not before. */
function aborted(...signals: readonly AbortSignal[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of signals) {
      if (signal.aborted) reject(signal.reason as Error)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    }
  })
}
