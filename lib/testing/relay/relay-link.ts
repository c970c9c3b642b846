/**
 * A link that a test relay accepted, from a client or from another relay: the responder's handshake (tor-spec,
 * "Negotiating and initializing connections"), and the circuits on it.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { encodeCerts } from '../../cell/channel/certs-cell.ts'
import { decodeVersions, encodeVersions } from '../../cell/channel/channel-cell.ts'
import { CellCommand } from '../../cell/commands.ts'
import { decodeCreate2, encodeCreated2 } from '../../cell/create2.ts'
import type { Create2 } from '../../cell/create2.ts'
import { decodeNetinfo, encodeNetinfo } from '../../cell/channel/netinfo.ts'
import type { Netinfo } from '../../cell/channel/netinfo.ts'
import { DestroyReason } from '../../cell/reasons.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { RelayCertificate } from './certificates.ts'
import { CellLink } from '../link/cell-link.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { RandomSource } from '../identity/random.ts'
import type { MemoryLink } from '../link/memory-link.ts'
import type { Observer } from './observer.ts'
import { answerFast, answerHandshake, madeHop, type MadeHop } from './relay-handshake.ts'
import type { HandshakeRelay } from './relay-handshake.ts'

/** How many cells {@link RelayLink.log} keeps. */
const LOG_SIZE = 1_000

/**
 * The handshake type that stands for CREATE_FAST, which has none: C tor too numbers it so, and for CREATE2 it is
 * reserved.
 */
const FAST_HANDSHAKE = 1

/** A cell other than RELAY and RELAY_EARLY that came in on a link. */
export interface LoggedCell {
  /** 0 for a cell of the link itself. */
  readonly circuitId: number
  /** See `CellCommand`. */
  readonly command: number
  /** A copy; 509 bytes for a cell of fixed size. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** A CREATE2 or a CREATE_FAST that waits for {@link LinkRelay.answerCreate}. */
export interface LinkCreateRequest<Circuit extends LinkCircuit> {
  /** 2 for ntor, 3 for ntor-v3; 1, which no CREATE2 has, for a CREATE_FAST. */
  readonly handshakeType: number
  /** The onion skin, or what a CREATE_FAST brings; a view that holds. */
  readonly data: Uint8Array
  /** The id of the circuit on {@link link}. */
  readonly circuitId: number
  /** The link on which it came. */
  readonly link: RelayLink<Circuit>
}

/**
 * What to do about a CREATE2 or a CREATE_FAST: answer it, leave it unanswered, answer it with a wrong AUTH value (wrong
 * derivative key data), refuse it with a DESTROY of this reason, or answer it with these bytes as the body of CREATED2
 * (of CREATED_FAST). To answer late give a promise.
 */
export type CreateAnswer = 'answer' | 'ignore' | 'wrong-auth' | CreateRefusal | CreateReply

/** A DESTROY in answer to a CREATE2. */
export interface CreateRefusal {
  /** The reason byte (`DestroyReason`). */
  readonly destroy: number
}

/** Bytes of one's own in answer to a CREATE2. */
export interface CreateReply {
  /** The body of the CREATED2 or CREATED_FAST cell, at most 509 bytes. */
  readonly created2: Uint8Array
}

/** What a link asks of a circuit on it. */
export interface LinkCircuit {
  /** Its id on the link. */
  readonly id: number
  /** Relay cells came. A promise is returned while keystream is made. */
  receiveRelay(command: number, bodies: Uint8Array, count: number): Promise<void> | undefined
  /** A DESTROY came. */
  receiveDestroy(reason: number): void
  /** The link has room again. */
  roomAvailable(): void
  /** The link is gone. */
  linkClosed(): void
}

/** A relay as the links that it accepted see it. */
export interface LinkRelay<Circuit extends LinkCircuit> extends HandshakeRelay {
  /** `test1` and so on, for people. */
  readonly nickname: string
  /** Where it listens. */
  readonly address: LinkAddress
  /** The circuits that were created at it, the oldest first. */
  readonly circuits: readonly Circuit[]
  /** The versions in its VERSIONS cells. */
  readonly linkVersions: readonly number[]
  /** How far its clock is ahead of the true time, in ms. */
  readonly clockSkew: number
  /** Called for each link before anything is read. */
  readonly onLink: ((link: RelayLink<Circuit>) => 'handle' | 'ignore') | undefined
  /** Decides about each CREATE2 and CREATE_FAST. */
  readonly answerCreate: ((request: LinkCreateRequest<Circuit>) => CreateAnswer | Promise<CreateAnswer>) | undefined
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly random: RandomSource
  /** @internal */
  readonly observer: Observer
  /** Its certificates as they stand in a CERTS cell. */
  certificates(): Promise<RelayCertificate[]>
  /** A handshake is done: makes the circuit. @internal */
  createCircuit(link: RelayLink<Circuit>, id: number, hop: MadeHop): Circuit
}

/** A link as the relay that accepted it has it. */
export class RelayLink<Circuit extends LinkCircuit> {
  /** The relay that accepted it. */
  readonly relay: LinkRelay<Circuit>
  /** The connection, with its knobs. */
  readonly memory: MemoryLink
  /** True for a link that was dialled through the network's transport, false for one from another test relay. */
  readonly fromClient: boolean
  /** The circuits on it that are open, by id. */
  readonly circuits: Map<number, Circuit> = new Map()
  /** The last cells that came, RELAY and RELAY_EARLY aside, in order. */
  readonly log: LoggedCell[] = []
  /** The initiator's versions, once its VERSIONS has come. */
  versions: readonly number[] | undefined
  /** The initiator's NETINFO, once it has come. */
  netinfo: Netinfo | undefined
  /** What the initiator did wrong, or a hook of the test, in words, if the relay closed the link for it. */
  violation: string | undefined

  /** @internal */
  readonly cells: CellLink
  /** Whether the relay shakes hands by itself. */
  readonly #automatic: boolean
  /** Circuit ids whose CREATE2 or CREATE_FAST is being answered. */
  readonly #creating = new Set<number>()
  #isClosed = false

  /** @internal */
  constructor(relay: LinkRelay<Circuit>, memory: MemoryLink, fromClient: boolean) {
    this.relay = relay
    this.memory = memory
    this.fromClient = fromClient
    this.cells = new CellLink(memory.relay, this)
    this.#automatic = relay.onLink?.(this) !== 'ignore'
    this.cells.start()
  }

  /** True once the link has ended, in whatever way. */
  get closed(): boolean {
    return this.#isClosed
  }

  /** Nothing gets through any more, in either direction, until {@link resume}. */
  stall(): void {
    this.memory.stall()
  }

  /** Undoes {@link stall}. */
  resume(): void {
    this.memory.resume()
  }

  /** The connection breaks. */
  die(error?: unknown): void {
    this.memory.die(error)
  }

  /** The relay ends the connection in good order, after what it has to send. */
  end(): void {
    this.cells.end()
  }

  /** Sends any bytes. */
  sendBytes(bytes: Uint8Array): void {
    this.cells.send(new Uint8Array(bytes))
  }

  /** Sends any cell, fixed or variable as its command has it. */
  sendCell(circuitId: number, command: number, body: Uint8Array = new Uint8Array(0)): void {
    this.cells.sendCell(circuitId, command, body)
  }

  /** Sends a VERSIONS in the form that opens a link; the relay's own versions by default. */
  sendVersions(versions: readonly number[] = this.relay.linkVersions): void {
    this.cells.send(encodeVersions(versions))
  }

  /** Sends a CERTS; the relay's certificates by default, those that are forged included. */
  async sendCerts(certificates?: readonly RelayCertificate[]): Promise<void> {
    this.sendCell(0, CellCommand.CERTS, encodeCerts(certificates ?? (await this.relay.certificates())))
  }

  /** Sends an AUTH_CHALLENGE, which offers method 3. */
  sendAuthChallenge(): void {
    this.sendCell(0, CellCommand.AUTH_CHALLENGE, joinBytes([this.relay.random(32), Uint8Array.of(0, 1, 0, 3)]))
  }

  /** Sends a NETINFO; by default with the relay's time and address. */
  sendNetinfo(netinfo: Partial<Netinfo> = {}): void {
    const { clock, clockSkew, address } = this.relay
    const timestamp = Math.floor((clock.now() + clockSkew) / 1000)
    this.sendCell(
      0,
      CellCommand.NETINFO,
      encodeNetinfo({ timestamp, otherAddress: '192.0.2.254', myAddresses: [address.hostname], ...netinfo }),
    )
  }

  /** @internal */
  run(circuitId: number, command: number, bodies: Uint8Array, count: number): Promise<void> | undefined {
    return this.circuits.get(circuitId)?.receiveRelay(command, bodies, count)
  }

  /** @internal */
  cell(circuitId: number, command: number, body: Uint8Array): void {
    this.log.push({ circuitId, command, body: new Uint8Array(body) })
    if (this.log.length > LOG_SIZE) this.log.shift()
    try {
      this.#handle(circuitId, command, body)
    } catch (error) {
      // A malformed cell of the link's own. A link that breaks the protocol is closed.
      this.#fail(error instanceof Error ? error.message : 'a malformed cell')
    }
    this.relay.observer.notify()
  }

  /** @internal */
  roomAvailable(): void {
    for (const circuit of this.circuits.values()) circuit.roomAvailable()
  }

  /** @internal */
  linkEnded(): void {
    this.#isClosed = true
    this.#creating.clear()
    for (const circuit of [...this.circuits.values()]) circuit.linkClosed()
    this.relay.observer.notify()
  }

  #handle(circuitId: number, command: number, body: Uint8Array): void {
    switch (command) {
      case CellCommand.VERSIONS:
        // Later ones are ignored (tor-spec, "Negotiating versions").
        if (this.versions === undefined) this.#receiveVersions(decodeVersions(body))
        return
      case CellCommand.NETINFO:
        this.netinfo = decodeNetinfo(body)
        return
      case CellCommand.CREATE2:
      case CellCommand.CREATE_FAST:
        this.#receiveCreate(circuitId, command, new Uint8Array(body))
        return
      case CellCommand.CREATE:
        this.#refuse(circuitId, DestroyReason.PROTOCOL)
        return
      case CellCommand.DESTROY:
        this.#creating.delete(circuitId)
        this.circuits.get(circuitId)?.receiveDestroy(body[0] ?? DestroyReason.NONE)
        return
      default:
      // Padding, its negotiation, and an initiator's own certificates.
    }
  }

  #receiveVersions(versions: readonly number[]): void {
    this.versions = versions
    if (!this.#automatic) return
    const { linkVersions } = this.relay
    this.sendVersions()
    // Circuit ids have four bytes from version 4 on; this relay speaks no other form.
    if (!versions.some((version) => version >= 4 && linkVersions.includes(version))) {
      this.#fail('no link version in common')
      return
    }
    this.#shakeHands().catch((error: unknown) => this.#fail(String(error)))
  }

  async #shakeHands(): Promise<void> {
    await this.sendCerts()
    this.sendAuthChallenge()
    this.sendNetinfo()
  }

  #receiveCreate(circuitId: number, command: number, body: Uint8Array): void {
    if (this.netinfo === undefined) {
      this.#fail('a CREATE2 or CREATE_FAST before NETINFO')
    } else if (circuitId < 0x8000_0000 || this.circuits.has(circuitId) || this.#creating.has(circuitId)) {
      // The initiator's ids have the highest bit set (tor-spec, "Choosing circuit IDs").
      this.#refuse(circuitId, DestroyReason.PROTOCOL)
    } else {
      const isFast = command === CellCommand.CREATE_FAST
      const request = isFast ? { handshakeType: FAST_HANDSHAKE, data: body } : decodeCreate2(body)
      this.#creating.add(circuitId)
      this.#create(circuitId, request, isFast).catch((error: unknown) => this.#fail(String(error)))
    }
  }

  async #create(circuitId: number, request: Create2, isFast: boolean): Promise<void> {
    const answer =
      this.relay.answerCreate === undefined
        ? 'answer'
        : await this.relay.answerCreate({ ...request, circuitId, link: this })
    if (answer === 'ignore' || (typeof answer === 'object' && 'destroy' in answer)) {
      if (this.#creating.delete(circuitId) && answer !== 'ignore') this.#refuse(circuitId, answer.destroy)
      return
    }
    try {
      const { reply, keys, flow } = isFast
        ? answerFast(this.relay, request.data)
        : await answerHandshake(this.relay, request)
      // A DESTROY may have come meanwhile.
      if (!this.#creating.delete(circuitId)) return
      this.circuits.set(circuitId, this.relay.createCircuit(this, circuitId, madeHop(keys, flow)))
      // The end of both replies is what proves that they are right.
      if (answer === 'wrong-auth') reply[reply.length - 10] = (reply[reply.length - 10] as number) ^ 1
      const body = typeof answer === 'object' ? answer.created2 : isFast ? reply : encodeCreated2(reply)
      this.sendCell(circuitId, isFast ? CellCommand.CREATED_FAST : CellCommand.CREATED2, body)
    } catch {
      // An onion skin that is malformed, for other keys, or of a handshake that the relay does not speak.
      if (this.#creating.delete(circuitId)) this.#refuse(circuitId, DestroyReason.PROTOCOL)
    }
    this.relay.observer.notify()
  }

  #refuse(circuitId: number, reason: number): void {
    this.sendCell(circuitId, CellCommand.DESTROY, Uint8Array.of(reason))
  }

  #fail(violation: string): void {
    this.violation = violation
    this.cells.end()
  }
}
