/**
 * The circuit on which a client waits for a service (rend-spec-v3, "The rendezvous protocol"): its last relay joins the
 * two, and from then on the service is one more hop.
 *
 * @module
 */
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { RelayCommand, relayCommandName } from '../../cell/commands.ts'
import { COOKIE_SIZE } from '../../cell/onion/introduce-plain.ts'
import { decodeRendezvous2 } from '../../cell/onion/rendezvous.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { NegotiatedCongestionControl } from '../../circuit/congestion/negotiated.ts'
import type { HsNtorHandshake } from '../../circuit/handshake/hs-ntor.ts'
import { serviceHop } from '../../circuit/onion/service-hop.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { closeQuietly, expectMessage, inTime, lastHop } from '../network/expected-message.ts'
import type { OnionNetwork } from '../network/onion-network.ts'

/** How long the relay may take to say that it will wait, in ms. */
const ESTABLISH_TIMEOUT = 10_000

export class Rendezvous {
  readonly circuit: Circuit
  readonly fingerprints: readonly string[]
  /** What those who watch the client know the circuit as. */
  readonly seen: object
  /** The relay where client and service meet. */
  readonly point: DirectoryRelay
  /** 20 bytes, by which the service's message is known there. */
  readonly cookie: Uint8Array = crypto.getRandomValues(new Uint8Array(COOKIE_SIZE))
  readonly #network: OnionNetwork
  readonly #joined: Deferred<void> = deferred()
  #handshake: HsNtorHandshake | undefined
  #isOver = false

  private constructor(
    network: OnionNetwork,
    { circuit, fingerprints, seen, point }: Awaited<ReturnType<OnionNetwork['toRendezvousPoint']>>,
  ) {
    this.circuit = circuit
    this.fingerprints = fingerprints
    this.seen = seen
    this.point = point
    this.#network = network
    const gone = (): void => {
      this.#isOver = true
      this.#handshake?.abandon()
      this.#joined.reject(new TorError('CIRCUIT_CLOSED', 'the circuit of a rendezvous is closed'))
    }
    circuit.closed.then(gone, gone)
  }

  /**
   * A relay that waits for a service with this client's cookie.
   *
   * @param isAgain - another one was of no use
   * @throws TorError what befell the circuit, or `TIMEOUT`, `ABORTED`
   */
  static async establish(network: OnionNetwork, signal: AbortSignal, isAgain: boolean = false): Promise<Rendezvous> {
    const rendezvous = new Rendezvous(network, await network.toRendezvousPoint(signal, isAgain))
    const { circuit, cookie } = rendezvous
    try {
      const established = expectMessage(circuit, RelayCommand.RENDEZVOUS_ESTABLISHED)
      circuit.controller.sendMessage(lastHop(circuit), RelayCommand.ESTABLISH_RENDEZVOUS, cookie)
      await inTime(circuit, established, ESTABLISH_TIMEOUT, network.clock, signal)
      return rendezvous
    } catch (error) {
      await closeQuietly(circuit)
      throw error
    }
  }

  /** True when the circuit is gone. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** True once a service may have been told of it: it is for no other introduction. */
  get isTold(): boolean {
    return this.#handshake !== undefined
  }

  /**
   * From now on the service may come: this is called as the client's half of the handshake leaves, and never later. Its
   * message is taken once, from the relay where they meet.
   */
  expect(handshake: HsNtorHandshake, congestionControl: NegotiatedCongestionControl | undefined): void {
    this.#handshake = handshake
    const hop = lastHop(this.circuit)
    hop.conversation = async (command, body) => {
      if (command !== RelayCommand.RENDEZVOUS2)
        throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} out of turn`)
      hop.conversation = undefined
      const keys = await handshake.finish(decodeRendezvous2(body))
      const crypto = serviceHop(keys, this.#network.platform)
      keys.fill(0)
      this.circuit.controller.addHop(crypto, congestionControl)
      this.#joined.resolve()
    }
  }

  /** Resolves when the service has come. */
  get joined(): Promise<void> {
    return this.#joined.promise
  }

  /** Gives it up. */
  close(): Promise<void> {
    return closeQuietly(this.circuit)
  }
}
