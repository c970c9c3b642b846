/**
 * Circuits of one hop to the directories of relays: one to each relay that is asked, kept for later documents as C tor
 * keeps it. It takes new requests for ten minutes from the first one on, and is closed some time later.
 *
 * The first is built without a proof of the relay's onion key, which is not known before there is a directory
 * (CREATE_FAST); later ones as any other circuit's last hop is (C tor, circuit_send_first_onion_skin).
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../../base/waiting/clock.ts'
import type { Random } from '../../../base/random.ts'
import type { Channel } from '../../../channel/channel.ts'
import { Circuit } from '../../../circuit/circuit.ts'
import { encodeHex } from '../../../directory/text/encoding.ts'
import type { Platform } from '../../../platform/platform.ts'
import type { DirectoryServer, Relay } from '../../../relay.ts'
import type { ChannelPool } from '../../circuits/channel-pool.ts'
import type { NetworkFlowControl } from '../../relays/network-flow-control.ts'
import { MAX_DIRTINESS } from '../../circuits/pooled-circuit.ts'
import type { CircuitWatcher, SeenCircuit } from '../../circuits/seen-circuit.ts'

/** How much later than that a circuit without a request is closed at most, in seconds: C tor looks that often. */
const SWEEP_INTERVAL = 31

/** What they need. */
export interface DirectoryCircuitsOptions {
  readonly channels: ChannelPool
  readonly watcher?: CircuitWatcher | undefined
  /** What the directory says of the relay with this fingerprint, if there is one and it says something. */
  known(fingerprint: string): Relay | undefined
  /** The flow control that circuits shall have, by the present directory. */
  flowControl(): NetworkFlowControl
  readonly clock: Clock
  readonly platform: Platform
  readonly random: Random
}

/** A circuit that is kept. */
export class DirectoryCircuit implements SeenCircuit {
  readonly purpose = 'directory'
  readonly circuit: Circuit
  readonly path: readonly DirectoryServer[]
  readonly channel: Promise<Channel>
  #openedAt: number | undefined
  #requests = 0
  #isOver = false

  constructor(circuit: Circuit, channel: Promise<Channel>, { clock, random }: DirectoryCircuitsOptions) {
    this.circuit = circuit
    this.path = circuit.path
    this.channel = channel
    circuit.opened.then(
      () => {
        this.#openedAt = clock.now()
        const age = MAX_DIRTINESS + 1000 * random(SWEEP_INTERVAL)
        const stopTimer = startBackgroundTimer(clock, age, () => this.end())
        circuit.closed.then(stopTimer, stopTimer)
      },
      () => this.end(),
    )
  }

  /** A clock that was set back does not make it last. */
  expired(now: number): boolean {
    return this.#isOver || (this.#openedAt !== undefined && Math.abs(now - this.#openedAt) >= MAX_DIRTINESS)
  }

  /** A request is on it. */
  use(): void {
    this.#requests += 1
  }

  /** A request is over. */
  release(): void {
    this.#requests -= 1
    if (this.#isOver) this.end()
  }

  /** It takes no more requests, and is closed without any. */
  end(): void {
    this.#isOver = true
    if (this.#requests === 0) void this.circuit.close().catch(() => undefined) // it broke before: whoever used it was told
  }
}

export class DirectoryCircuits {
  readonly #options: DirectoryCircuitsOptions
  /** By fingerprint: the one that takes requests. */
  readonly #circuits = new Map<string, DirectoryCircuit>()

  constructor(options: DirectoryCircuitsOptions) {
    this.#options = options
  }

  /**
   * The circuit to a server, with one request more on it: {@link DirectoryCircuit.release} says when that is over.
   *
   * @param timeout - how long one that has to be built may take, in ms
   */
  take(server: DirectoryServer, timeout: number): DirectoryCircuit {
    const { channels, clock } = this.#options
    const fingerprint = encodeHex(server.rsaIdentity)
    const relay = this.#options.known(fingerprint)
    const channel = channels.get(fingerprint, relay ?? server)
    let kept = this.#circuits.get(fingerprint)
    // One on another link than that which circuits share now may be dead with that.
    if (kept === undefined || kept.expired(clock.now()) || kept.channel !== channel) {
      kept?.end()
      kept = this.#build(relay ?? server, channel, timeout)
      this.#circuits.set(fingerprint, kept)
    }
    kept.use()
    return kept
  }

  #build(server: DirectoryServer | Relay, channel: Promise<Channel>, timeout: number): DirectoryCircuit {
    const { channels, watcher, flowControl, clock, platform } = this.#options
    const how = { channel, timeout, clock, platform }
    const circuit =
      'ntorOnionKey' in server
        ? Circuit.open([server], { ...how, ...flowControl() })
        : Circuit.openToDirectory(server, how)
    channels.hold(channel, circuit.closed)
    const built = new DirectoryCircuit(circuit, channel, this.#options)
    watcher?.begun(built)
    const gone = (): void => {
      for (const [fingerprint, each] of this.#circuits) if (each === built) this.#circuits.delete(fingerprint)
    }
    circuit.closed.then(gone, gone)
    return built
  }
}
