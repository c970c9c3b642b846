/**
 * What relays do for onion services (rend-spec-v3, "The introduction protocol" and "The rendezvous protocol"): they know
 * services by their keys and clients by their cookies, pass on what one has to say to the other, and join two circuits to
 * one. One object does it for all relays of a network, each of which keeps to what came to it.
 *
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { CellCommand, RelayCommand } from '../../cell/commands.ts'
import { encodeIntroduceAck, IntroduceStatus } from '../../cell/onion/introduce-ack.ts'
import { decodeIntroduce } from '../../cell/onion/introduce.ts'
import { constantTimeEqual } from '../../cell/bytes.ts'
import { decodeEstablishIntro } from '../../cell/onion/establish-intro.ts'
import { COOKIE_SIZE } from '../../cell/onion/introduce-plain.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import { mac } from '../../onion/hashing.ts'
import type { ReceivedMessage } from '../relay/circuit/messages.ts'
import type { TestCircuit } from '../relay/test-circuit.ts'
import type { TestRelay } from '../relay/test-relay.ts'

/** A service that is not at the end of a circuit. */
export interface LocalService {
  /** A client's INTRODUCE1 has come to the relay that knows the service by this key. The bytes are a copy. */
  introduced(circuit: TestCircuit, body: Uint8Array<ArrayBuffer>): void
  /** A client waits at a relay. False leaves the answer to the service. */
  awaited(circuit: TestCircuit): boolean
}

export class Meetings {
  /** By relay and key: those who are told of clients, at the end of a circuit or without one. */
  readonly #services = new Map<string, TestCircuit | LocalService>()
  /** By relay and cookie. */
  readonly #waiting = new Map<string, TestCircuit>()
  readonly #local = new Set<LocalService>()

  /** From now on a service is asked about clients that want to wait. */
  admit(service: LocalService): void {
    this.#local.add(service)
  }

  /** A service without circuits: a relay knows it by its key. */
  attach(service: LocalService, relay: TestRelay, authKey: Uint8Array): void {
    this.#services.set(placeOf(relay, authKey), service)
  }

  /** A relay knows a service by this key no more. */
  leave(relay: TestRelay, authKey: Uint8Array): void {
    this.#services.delete(placeOf(relay, authKey))
  }

  /** The relays know it no more. */
  detach(service: LocalService): void {
    this.#local.delete(service)
    for (const [place, known] of this.#services) if (known === service) this.#services.delete(place)
  }

  /** The circuit that waits with this cookie at some relay; it does so once. */
  take(cookie: Uint8Array): TestCircuit | undefined {
    const end = ` ${encodeHex(cookie)}`
    for (const [place, circuit] of this.#waiting) {
      if (!place.endsWith(end)) continue
      this.#waiting.delete(place)
      return circuit.closed ? undefined : circuit
    }
    return undefined
  }

  /** A message that came to a relay. False when it is for something else. */
  receive(circuit: TestCircuit, { command, body }: ReceivedMessage): boolean {
    switch (command) {
      case RelayCommand.ESTABLISH_INTRO:
        this.#establishIntro(circuit, body)
        return true
      case RelayCommand.INTRODUCE1:
        this.#introduce(circuit, new Uint8Array(body))
        return true
      case RelayCommand.ESTABLISH_RENDEZVOUS:
        this.#establishRendezvous(circuit, body)
        return true
      case RelayCommand.RENDEZVOUS1:
        this.#rendezvous(circuit, body)
        return true
      default:
        return false
    }
  }

  #establishIntro(circuit: TestCircuit, body: Uint8Array): void {
    const key = provenKey(circuit, body)
    if (key === undefined) return circuit.fail('an ESTABLISH_INTRO that is malformed, or of somebody else')
    const place = placeOf(circuit.relay, key)
    const known = this.#services.get(place)
    if (known !== undefined && 'fail' in known && known !== circuit) known.fail('another circuit of the service')
    this.#services.set(place, circuit)
    circuit.send({ command: RelayCommand.INTRO_ESTABLISHED, body: Uint8Array.of(0) })
  }

  #introduce(circuit: TestCircuit, body: Uint8Array<ArrayBuffer>): void {
    let authKey: Uint8Array
    try {
      authKey = decodeIntroduce(body).authKey
    } catch {
      // CELL_MALFORMED: the client is told so.
      return circuit.send({ command: RelayCommand.INTRODUCE_ACK, body: encodeIntroduceAck(IntroduceStatus.BAD_FORMAT) })
    }
    const service = this.#services.get(placeOf(circuit.relay, authKey))
    if (service !== undefined && 'introduced' in service) return service.introduced(circuit, body)
    const isThere = service !== undefined && !service.closed
    if (isThere) service.send({ command: RelayCommand.INTRODUCE2, body })
    const status = isThere ? IntroduceStatus.SUCCESS : IntroduceStatus.UNKNOWN_SERVICE
    circuit.send({ command: RelayCommand.INTRODUCE_ACK, body: encodeIntroduceAck(status) })
  }

  #establishRendezvous(circuit: TestCircuit, body: Uint8Array): void {
    const place = placeOf(circuit.relay, body)
    if (body.length !== COOKIE_SIZE || this.#waiting.has(place))
      return circuit.fail('no cookie, or one that waits already')
    this.#waiting.set(place, circuit)
    if ([...this.#local].every((service) => service.awaited(circuit)))
      circuit.send({ command: RelayCommand.RENDEZVOUS_ESTABLISHED })
  }

  #rendezvous(circuit: TestCircuit, body: Uint8Array): void {
    const place = placeOf(circuit.relay, body.subarray(0, COOKIE_SIZE))
    const client = this.#waiting.get(place)
    this.#waiting.delete(place)
    if (client === undefined || client.closed) return circuit.fail('a cookie that nobody waits with')
    client.send({ command: RelayCommand.RENDEZVOUS2, body: new Uint8Array(body.subarray(COOKIE_SIZE)) })
    join(client, circuit)
    join(circuit, client)
  }
}

/**
 * The key of an ESTABLISH_INTRO whose MAC says that it was made for this circuit, and whose signature that the key is the
 * service's own (rend-spec-v3, "Verifying an ESTABLISH_INTRO"); else undefined.
 */
function provenKey({ proof }: TestCircuit, body: Uint8Array): Uint8Array | undefined {
  try {
    const { authKey, authenticated, mac: given, signed, signature } = decodeEstablishIntro(body)
    if (proof === undefined || !constantTimeEqual(mac(proof, authenticated), given)) return undefined
    return ed25519.verify(signature, signed, authKey) ? authKey : undefined
  } catch {
    return undefined // CELL_MALFORMED, or bytes that are no key
  }
}

/** What no relay of one circuit recognises goes on along the other. */
function join(from: TestCircuit, to: TestCircuit): void {
  from.join({
    get open() {
      return !to.closed
    },
    // Whatever it came in: towards a client RELAY_EARLY is not legal.
    send: (_command, bodies) => void to.passBackward(CellCommand.RELAY, new Uint8Array(bodies)),
    destroy: (reason) => to.destroy(reason),
    roomAvailable: () => undefined,
  })
}

const placeOf = ({ nickname }: Pick<TestRelay, 'nickname'>, key: Uint8Array): string => `${nickname} ${encodeHex(key)}`
