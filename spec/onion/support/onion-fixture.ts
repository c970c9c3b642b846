/**
 * An onion service within a test network, as far as its client goes to meet it: relays that keep its descriptor,
 * introduction points and rendezvous points, each of which can be made to lie. Behind the rendezvous is nobody.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { encodeIntroduceAck } from '../../../lib/cell/onion/introduce-ack.ts'
import { decodeIntroduce } from '../../../lib/cell/onion/introduce.ts'
import { decodeIntroducePlain } from '../../../lib/cell/onion/introduce-plain.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { targetOf } from '../../../lib/circuit/build.ts'
import { answerHsNtor, openIntroduce } from '../../../lib/circuit/handshake/hs-ntor.ts'
import { encodeBase64, encodeHex } from '../../../lib/directory/text/encoding.ts'
import { formatOnionAddress } from '../../../lib/onion/identity/address.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { ReceivedMessage } from '../../../lib/testing/relay/circuit/messages.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import type { TestNetwork } from '../../../lib/testing/test-network.ts'
import { WrittenService, writeDescriptor, type DescriptorLies, type WrittenPoint } from './written-descriptor.ts'

const platform = currentPlatform()
const DAY_IN_MINUTES = 1440

/** What an introduction point knows to do, beside answering with a status. */
export type IntroduceAnswer = number | 'ignore' | 'twice' | 'out of turn' | 'garbage' | 'drop but say yes'

/** What a rendezvous point does about the service's message. */
export type RendezvousAnswer = 'honest' | 'wrong' | 'twice' | 'early' | 'short' | 'other hop' | 'none'

export class OnionFixture {
  readonly service = new WrittenService()
  readonly address: string = formatOnionAddress(this.service.identity)
  /** What descriptors lie about. */
  lies: DescriptorLies = {}
  /** What relays answer in place of a descriptor. */
  answerFetch: (() => { status: number; body?: Uint8Array<ArrayBuffer> }) | undefined
  answerIntroduce: IntroduceAnswer = 0
  answerRendezvous: RendezvousAnswer = 'honest'
  /** How often each was asked. */
  fetches = 0
  introductions = 0
  /** The sizes of the INTRODUCE1 messages that came. */
  readonly sizes: number[] = []
  readonly #network: TestNetwork
  readonly #secrets = new Map<string, Uint8Array>()
  readonly #points: WrittenPoint[]
  readonly #waiting = new Map<string, TestCircuit>()

  constructor(network: TestNetwork, now: () => number, points = 3) {
    this.#network = network
    this.#points = network.relays.slice(0, points).map((relay) => {
      const secret = x25519.utils.randomSecretKey()
      const authKey = crypto.getRandomValues(new Uint8Array(32))
      this.#secrets.set(encodeHex(authKey), secret)
      return { target: targetOf(relay.description), authKey, encryptionKey: x25519.getPublicKey(secret) }
    })
    for (const relay of network.relays) {
      relay.strict = false // or a rendezvous point would not have what is for the service, which is not there
      relay.onMessage = (circuit, message) => this.#message(circuit, message)
      relay.serve = async (request, usual) => {
        const wanted = /^\/tor\/hs\/3\/(.*)$/.exec(request.path)?.[1]
        if (wanted === undefined) return usual()
        this.fetches += 1
        if (this.answerFetch) return this.answerFetch()
        const around = Math.floor((now() / 60_000 - DAY_IN_MINUTES / 2) / DAY_IN_MINUTES)
        for (const shift of [0, -1, 1]) {
          const period = { number: around + shift, minutes: DAY_IN_MINUTES }
          if (encodeBase64(blindedIdentity(this.service.identity, period).key) !== wanted) continue
          this.#subcredential = blindedIdentity(this.service.identity, period).subcredential
          const text = await writeDescriptor(this.service, period, this.#points, now(), this.lies)
          return { status: 200, body: new TextEncoder().encode(text) }
        }
        return { status: 404 }
      }
    }
  }

  #subcredential: Uint8Array = new Uint8Array(32)

  #message(circuit: TestCircuit, { command, body }: ReceivedMessage): 'handle' | 'ignore' {
    if (command === RelayCommand.ESTABLISH_RENDEZVOUS) {
      this.#waiting.set(encodeHex(body), circuit)
      circuit.send({ command: RelayCommand.RENDEZVOUS_ESTABLISHED })
      if (this.answerRendezvous === 'early')
        circuit.send({ command: RelayCommand.RENDEZVOUS2, body: crypto.getRandomValues(new Uint8Array(64)) })
      return 'ignore'
    }
    if (command !== RelayCommand.INTRODUCE1) return 'handle'
    this.introductions += 1
    this.sizes.push(body.length)
    const answer = this.answerIntroduce
    const acknowledge = (status: number): void =>
      circuit.send({ command: RelayCommand.INTRODUCE_ACK, body: encodeIntroduceAck(status) })
    if (answer === 0 || answer === 'twice') void this.#introduced(new Uint8Array(body))
    if (answer === 'ignore') return 'ignore'
    if (answer === 'out of turn') circuit.send({ command: RelayCommand.RENDEZVOUS2, body: new Uint8Array(64) })
    else if (answer === 'garbage') circuit.send({ command: RelayCommand.INTRODUCE_ACK, body: Uint8Array.of(0) })
    else acknowledge(typeof answer === 'number' ? answer : 0)
    if (answer === 'twice') acknowledge(0)
    return 'ignore'
  }

  /** The service has been told, and answers at the rendezvous point. */
  async #introduced(body: Uint8Array): Promise<void> {
    const request = decodeIntroduce(body)
    const secret = platform.x25519.secretKey(this.#secrets.get(encodeHex(request.authKey)) as Uint8Array)
    const { encryptionKey } = this.#points.find(
      ({ authKey }) => encodeHex(authKey) === encodeHex(request.authKey),
    ) as WrittenPoint
    const keys = { authKey: request.authKey, encryptionKey, subcredential: this.#subcredential }
    const plain = await openIntroduce(request, keys, secret, platform)
    if (plain === undefined) throw new Error('the client has encrypted to somebody else')
    const { cookie } = decodeIntroducePlain(plain)
    const circuit = this.#waiting.get(encodeHex(cookie)) as TestCircuit
    const { reply } = answerHsNtor(request.clientKey, keys, secret, platform)
    const command = RelayCommand.RENDEZVOUS2
    switch (this.answerRendezvous) {
      case 'none':
      case 'early':
        return
      case 'wrong':
        reply[63] = (reply[63] as number) ^ 1
        return circuit.send({ command, body: reply })
      case 'short':
        return circuit.send({ command, body: reply.subarray(0, 63) })
      case 'other hop':
        return this.#network.circuits.find((guard) => guard.hops.includes(circuit))?.send({ command, body: reply })
      case 'twice':
        circuit.send({ command, body: reply })
        return circuit.send({ command, body: reply })
      case 'honest':
        return circuit.send({ command, body: reply })
    }
  }
}
