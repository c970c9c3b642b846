/**
 * One introduction point: a relay that knows the service by a key of this point alone, and passes on to it what clients
 * say (rend-spec-v3, "Registering an introduction point"). The keys outlive a circuit, so that clients who know them are
 * passed on again when another circuit is there.
 *
 * @module
 */
import { deferred } from '../../../base/waiting/deferred.ts'
import { TorError } from '../../../base/errors.ts'
import { RelayCommand, relayCommandName } from '../../../cell/commands.ts'
import { encodeEstablishIntro } from '../../../cell/onion/establish-intro.ts'
import { targetOf } from '../../../circuit/build/extend-to.ts'
import type { Circuit } from '../../../circuit/circuit.ts'
import type { DirectoryRelay } from '../../../directory/network-directory.ts'
import type { X25519KeyPair } from '../../../platform/crypto/curves/x25519.ts'
import type { IntroPoint } from '../../descriptor/intro-point.ts'
import { mac } from '../../hashing.ts'
import { expandSeed, publicKeyOf, signExpanded } from '../../identity/expanded-key.ts'
import { closeQuietly, inTime, lastHop } from '../../network/expected-message.ts'
import type { ServiceNetwork } from '../../network/service-network.ts'
import { HeldSecret } from './held-secret.ts'
import { ReplayCache } from './replay-cache.ts'

/** How long the relay may take to say that it will do it, in ms. */
const ESTABLISH_TIMEOUT = 10_000

/** How long a point is used, and how many introductions it passes on. */
export interface PointLimits {
  /** In ms. */
  readonly lifetime: number
  readonly introductions: number
}

export class IntroductionPoint {
  readonly relay: DirectoryRelay
  /** As the descriptor has it. */
  readonly listed: IntroPoint
  readonly encryptionSecret: HeldSecret
  /** What has come by this point: for as long as its keys are used, no message of a client is answered twice. */
  readonly replays: ReplayCache
  readonly #network: ServiceNetwork
  readonly #authSecret: Uint8Array
  readonly #expires: number
  #introductionsLeft: number

  /** @param encryption - what introductions are encrypted with; the point's to forget from now on */
  constructor(network: ServiceNetwork, relay: DirectoryRelay, encryption: X25519KeyPair, limits: PointLimits) {
    this.#network = network
    this.relay = relay
    this.#authSecret = expandSeed(crypto.getRandomValues(new Uint8Array(32)))
    this.encryptionSecret = new HeldSecret(encryption.secretKey)
    this.listed = {
      target: targetOf(relay),
      authKey: publicKeyOf(this.#authSecret),
      encryptionKey: encryption.publicKey,
    }
    this.#expires = network.clock.now() + limits.lifetime
    this.#introductionsLeft = limits.introductions
    this.replays = new ReplayCache(limits.introductions)
  }

  /** In ms; 0 or less when it has been used for long enough. */
  get timeLeft(): number {
    return this.#introductionsLeft <= 0 ? 0 : this.#expires - this.#network.clock.now()
  }

  /**
   * A circuit by which the relay passes introductions on, to `introduced`, which is given a copy of each.
   *
   * @throws TorError what befell the circuit, or `TIMEOUT`, `ABORTED`
   */
  async establish(introduced: (body: Uint8Array) => void, signal: AbortSignal): Promise<Circuit> {
    const network = this.#network
    const { circuit, proof } = await network.toRelay(this.listed.target, signal)
    try {
      const hop = lastHop(circuit)
      const established = deferred<void>()
      let isEstablished = false
      // The first introduction may come with the relay's consent, in one batch of cells.
      hop.conversation = (command, body) => {
        const expected = isEstablished ? RelayCommand.INTRODUCE2 : RelayCommand.INTRO_ESTABLISHED
        if (command !== expected) throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} out of turn`)
        isEstablished = true
        established.resolve()
        if (command !== RelayCommand.INTRODUCE2) return
        this.#introductionsLeft -= 1
        introduced(new Uint8Array(body))
      }
      const message = encodeEstablishIntro(this.listed.authKey, {
        mac: (bytes) => mac(proof, bytes),
        sign: (bytes) => signExpanded(this.#authSecret, bytes),
      })
      circuit.controller.sendMessage(hop, RelayCommand.ESTABLISH_INTRO, message)
      await inTime(circuit, established.promise, ESTABLISH_TIMEOUT, network.clock, signal)
      return circuit
    } catch (error) {
      await closeQuietly(circuit)
      throw error
    } finally {
      proof.fill(0)
    }
  }

  /** Its keys are of no more use, but for those who have come already. */
  forget(): void {
    this.#authSecret.fill(0)
    this.encryptionSecret.end()
  }
}
