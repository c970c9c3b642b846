/**
 * An onion service of a test network. It has no circuits of its own: the relays that a service would build circuits to hand
 * it what comes, and behind the relay where a client waits stands its end. Its descriptors, its keys and its introduction
 * points are its own work, so that it checks the client that it serves.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { RelayCommand } from '../../cell/commands.ts'
import { encodeIntroduceAck, IntroduceStatus } from '../../cell/onion/introduce-ack.ts'
import { decodeIntroduce } from '../../cell/onion/introduce.ts'
import { decodeIntroducePlain, IntroduceExtension } from '../../cell/onion/introduce-plain.ts'
import { DestroyReason } from '../../cell/reasons.ts'
import { answerHsNtor, openIntroduce } from '../../circuit/handshake/hs-ntor.ts'
import { serviceHop } from '../../circuit/onion/service-hop.ts'
import { encodeBase64, encodeHex } from '../../directory/text/encoding.ts'
import { formatOnionAddress } from '../../onion/identity/address.ts'
import { blindedIdentity, type BlindedIdentity } from '../../onion/identity/key-blinding.ts'
import { currentPlatform } from '../../platform/current.ts'
import { deflated, endless, inPieces, inSequence } from '../directory/byte-sources.ts'
import { noAnswer, type DirectoryAnswer } from '../directory/directory-http.ts'
import { textBytes } from '../directory/document-text.ts'
import type { ExitHandler } from '../exit/exit.ts'
import { echo } from '../exit/exits.ts'
import { windowRules, type CircuitFlowRules } from '../relay/circuit/circuit-flow.ts'
import type { TestCircuit } from '../relay/test-circuit.ts'
import type { TestRelay } from '../relay/test-relay.ts'
import type { DescriptorKeepers, DescribedService } from './descriptor-keepers.ts'
import { writeDescriptor, type TestPuzzle } from './descriptor-writer.ts'
import type { LocalService, Meetings } from './meetings.ts'
import type {
  DescriptorAnswer,
  DescriptorLies,
  EstablishAnswer,
  IntroduceAnswer,
  RendezvousAnswer,
} from './onion-lies.ts'
import { serviceEnd } from './service-end.ts'
import { ServiceKeys } from './service-keys.ts'
import { testPoint, type TestPoint } from './test-point.ts'

/** A period of the public network, and of a test network whose consensus is fresh for an hour. */
const PERIOD_IN_MINUTES = 1440

/** Bytes that follow a service's message, as real ones fill it up. */
const PADDING = 84

/** What a service is to be. */
export interface TestOnionServiceOptions {
  /**
   * What streams to it are connected to. It is given an empty host.
   *
   * @default an echo
   */
  readonly exit?: ExitHandler
  /**
   * How many introduction points it has.
   *
   * @default 3
   */
  readonly introductionPoints?: number
  /** The X25519 keys of those who may read its descriptor, 32 bytes each; everybody by default. */
  readonly clients?: readonly Uint8Array[]
  /** Offers congestion control; true by default. */
  readonly congestionControl?: boolean
}

const OPTION_NAMES: OptionNames<TestOnionServiceOptions> = {
  exit: true,
  introductionPoints: true,
  clients: true,
  congestionControl: true,
}

/** A client that was introduced, or tried to be. */
export interface TestIntroduction {
  /** The introduction point. */
  readonly relay: TestRelay
  /** Bytes of the INTRODUCE1: clients send 490. */
  readonly size: number
  /** What it said to the service, by type: 1 congestion control, 2 a proof of work. Empty until it was passed on. */
  extensions: ReadonlyMap<number, Uint8Array>
}

/** What a service needs of its network. @internal */
export interface OnionServiceHost {
  readonly relays: readonly TestRelay[]
  readonly meetings: Meetings
  readonly keepers: DescriptorKeepers
}

/** A service of a test network. Every property that is not readonly is a knob. */
export class TestOnionService implements LocalService, DescribedService {
  /** `<56 letters>.onion`. */
  readonly hostname: string
  /** What streams to it are connected to. */
  exit: ExitHandler
  /** The X25519 keys of those who may read its descriptor; everybody if undefined. */
  clients: readonly Uint8Array[] | undefined
  /** The work that it asks of its clients; none if undefined. */
  proofOfWork: TestPuzzle | undefined
  /** Whom it meets; everybody if undefined. The others hear nothing, as from a service that has too much to do. */
  accepts: ((introduction: TestIntroduction) => boolean) | undefined
  /** What its descriptors lie about. */
  descriptor: DescriptorLies = {}
  /** What relays answer in place of its descriptor. */
  answerDescriptor: DescriptorAnswer | undefined
  /** What its introduction points do. */
  answerIntroduce: IntroduceAnswer = 0
  /** What relays do for clients that want to wait for a service, for this one or another. */
  answerEstablish: EstablishAnswer = 'honest'
  /** What rendezvous points do about its message. */
  answerRendezvous: RendezvousAnswer = 'honest'
  /** How often a relay was asked for its descriptor. */
  fetches = 0
  /** The clients that came to its introduction points, the oldest first. */
  readonly introductions: TestIntroduction[] = []
  /** Its ends of the circuits that clients have to it, the oldest first. */
  readonly circuits: TestCircuit[] = []

  readonly #host: OnionServiceHost
  readonly #keys: ServiceKeys
  #points: readonly TestPoint[] = []
  readonly #introductionPoints: readonly TestRelay[]
  readonly #congestionControl: boolean
  readonly #identities = new Map<number, BlindedIdentity>()
  /** What it said to the client before. */
  #lastReply: Uint8Array | undefined

  /** @internal */
  constructor(host: OnionServiceHost, options: TestOnionServiceOptions = {}) {
    checkOptions(options, OPTION_NAMES)
    const { exit = echo(), introductionPoints = 3, clients, congestionControl = true } = options
    const { relays, meetings, keepers } = host
    const fitting = relays.filter(({ listing: { flags } }) => flags.includes('Stable'))
    if (!(Number.isInteger(introductionPoints) && introductionPoints >= 0 && introductionPoints <= fitting.length))
      throw new RangeError(`Cannot start an onion service with "introductionPoints": ${introductionPoints}`)
    this.#host = host
    this.exit = exit
    this.clients = clients
    this.#congestionControl = congestionControl
    this.#keys = new ServiceKeys((length) => this.#random(length))
    this.hostname = formatOnionAddress(this.#keys.identity)
    this.#introductionPoints = fitting.slice(0, introductionPoints)
    this.renewIntroductionPoints()
    meetings.admit(this)
    keepers.services.add(this)
  }

  /**
   * It has other introduction points from now on: at the same relays, which know it by other keys and no more by those that
   * it had. Its descriptors list them.
   */
  renewIntroductionPoints(): void {
    const { meetings } = this.#host
    for (const { relay, authKey } of this.#points) meetings.leave(relay, authKey)
    this.#points = this.#introductionPoints.map((relay) => testPoint(relay, (length) => this.#random(length)))
    for (const { relay, authKey } of this.#points) meetings.attach(this, relay, authKey)
  }

  /** It is gone: its introduction points know it no more, its circuits are closed. Descriptors of it are still served. */
  close(): void {
    this.#host.meetings.detach(this)
    for (const circuit of this.circuits) circuit.destroy(DestroyReason.FINISHED)
  }

  /** @internal */
  describe(blindedKey: string): Promise<DirectoryAnswer> | undefined {
    const around = Math.floor((this.#now() / 60_000 - PERIOD_IN_MINUTES / 2) / PERIOD_IN_MINUTES)
    for (const number of [around, around + 1, around - 1]) {
      const identity = this.#identityIn(number)
      if (encodeBase64(identity.key) !== blindedKey) continue
      this.fetches += 1
      return this.#answer(identity)
    }
    return undefined
  }

  /** @internal */
  awaited(circuit: TestCircuit): boolean {
    if (this.answerEstablish === 'destroy') circuit.destroy(DestroyReason.RESOURCELIMIT)
    if (this.answerEstablish !== 'honest') return false
    if (this.answerRendezvous !== 'early') return true
    circuit.send({ command: RelayCommand.RENDEZVOUS_ESTABLISHED })
    circuit.send({ command: RelayCommand.RENDEZVOUS2, body: this.#random(64) })
    return false
  }

  /** @internal */
  introduced(circuit: TestCircuit, body: Uint8Array<ArrayBuffer>): void {
    const introduction = { relay: circuit.relay, size: body.length, extensions: new Map<number, Uint8Array>() }
    this.introductions.push(introduction)
    const answer = this.answerIntroduce
    const say = (said: Uint8Array): void => circuit.send({ command: RelayCommand.INTRODUCE_ACK, body: said })
    if (answer === 0 || answer === 'twice' || answer instanceof Uint8Array) void this.#meet(introduction, body)
    if (answer instanceof Uint8Array) return say(answer)
    switch (answer) {
      case 'ignore':
        return
      case 'destroy':
        return circuit.destroy(DestroyReason.INTERNAL)
      case 'out-of-turn':
        return circuit.send({ command: RelayCommand.RENDEZVOUS2, body: new Uint8Array(64) })
      case 'garbage':
        return say(Uint8Array.of(0))
      case 'twice':
        say(encodeIntroduceAck(IntroduceStatus.SUCCESS))
        return say(encodeIntroduceAck(IntroduceStatus.SUCCESS))
      case 'drop-but-ack':
        return say(encodeIntroduceAck(IntroduceStatus.SUCCESS))
      default:
        return say(encodeIntroduceAck(answer))
    }
  }

  /** It has been told of a client: it answers where that waits. */
  async #meet(introduction: TestIntroduction, body: Uint8Array): Promise<void> {
    const platform = currentPlatform()
    const request = decodeIntroduce(body)
    const point = this.#points.find(({ authKey }) => encodeHex(authKey) === encodeHex(request.authKey)) as TestPoint
    const secret = await platform.x25519.secretKey(point.secret)
    for (const { subcredential } of this.#identities.values()) {
      const keys = { authKey: point.authKey, encryptionKey: point.encryptionKey, subcredential }
      const plain = await openIntroduce(request, keys, secret, platform)
      if (plain === undefined) continue
      const { cookie, extensions } = decodeIntroducePlain(plain)
      introduction.extensions = new Map([...extensions].map(([type, data]) => [type, new Uint8Array(data)]))
      if (this.accepts?.(introduction) === false) return
      const rendezvous = this.#host.meetings.take(cookie)
      if (rendezvous === undefined) return
      const { reply, keys: material } = await answerHsNtor(request.clientKey, keys, secret, platform)
      if (!this.#reply(rendezvous, reply)) return
      const crypto = serviceHop(material, platform)
      const flow = this.#flowFor(introduction, rendezvous)
      this.circuits.push(serviceEnd({ rendezvous, crypto, flow, exit: () => this.exit }))
      rendezvous.notify()
      return
    }
    throw new Error('A client has encrypted to another service')
  }

  /** True when the client will take it for the service's word. */
  #reply(rendezvous: TestCircuit, reply: Uint8Array<ArrayBuffer>): boolean {
    const send = (body: Uint8Array, circuit: TestCircuit = rendezvous): void =>
      circuit.send({ command: RelayCommand.RENDEZVOUS2, body })
    const before = this.#lastReply ?? reply
    this.#lastReply = reply
    const answer = this.answerRendezvous
    if (typeof answer === 'function') {
      const made = answer(new Uint8Array(reply))
      send(made)
      return reply.every((byte, at) => byte === made[at])
    }
    switch (answer) {
      case 'none':
      case 'early':
        return false
      case 'destroy':
        rendezvous.destroy(DestroyReason.RESOURCELIMIT)
        return false
      case 'wrong':
        send(reply.map((byte, at) => (at === 63 ? byte ^ 1 : byte)))
        return false
      case 'short':
        send(reply.subarray(0, 63))
        return false
      case 'replayed':
        send(before)
        return before === reply
      case 'other-hop':
        for (const circuit of rendezvous.relay.network.circuits)
          if (circuit.hops.includes(rendezvous)) send(reply, circuit)
        return false
      case 'twice':
        send(reply)
        send(reply)
        return true
      case 'long':
        send(joinBytes([reply, this.#random(PADDING)]))
        return true
      case 'honest':
        send(reply)
        return true
    }
  }

  #flowFor({ extensions }: TestIntroduction, { relay }: TestCircuit): CircuitFlowRules {
    const { enabled, increment, cwnd } = relay.congestionControl
    return this.#congestionControl && enabled && extensions.has(IntroduceExtension.CONGESTION_CONTROL)
      ? { kind: 'congestion-control', step: increment, window: cwnd }
      : windowRules(relay.circuitWindow)
  }

  async #answer(identity: BlindedIdentity): Promise<DirectoryAnswer> {
    const answer = this.answerDescriptor
    if (typeof answer === 'number') return { status: answer }
    if (answer === 'hang') return noAnswer()
    const text = await writeDescriptor({
      identity,
      signer: this.#keys.blinded(identity.period),
      points: this.#points,
      clients: this.clients,
      proofOfWork: this.proofOfWork,
      sendmeIncrement: this.#congestionControl ? this.#relay.congestionControl.increment : undefined,
      now: this.#now(),
      random: (length) => this.#random(length),
      lies: this.descriptor,
    })
    const body = textBytes(text)
    switch (answer) {
      case undefined:
        return { status: 200, body }
      case 'inflated':
        return { status: 200, body: inPieces(body, 1) }
      case 'endless':
        return {
          status: 200,
          body: inSequence([body, endless(textBytes('x-filler is not the end of it\n'.repeat(500)))]),
        }
      case 'compressed':
        return { status: 200, headers: { 'Content-Encoding': 'deflate' }, body: await deflated(body) }
    }
  }

  #identityIn(number: number): BlindedIdentity {
    const known = this.#identities.get(number)
    const identity = known ?? blindedIdentity(this.#keys.identity, { number, minutes: PERIOD_IN_MINUTES })
    this.#identities.set(number, identity)
    return identity
  }

  get #relay(): TestRelay {
    return this.#host.relays[0] as TestRelay
  }

  #now(): number {
    return this.#relay.clock.now()
  }

  #random(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#relay.random(length))
  }
}
