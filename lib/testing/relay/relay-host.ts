/**
 * A relay in this process, and every knob that makes it misbehave. What its circuits are, it does not know: it is generic
 * in them, and whoever makes it says how one is made.
 *
 * @module
 */
import { EndReason } from '../../cell/reasons.ts'
import type { Clock } from '../../base/waiting/clock.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { Relay } from '../../relay.ts'
import type { MadeHop } from './relay-handshake.ts'
import { parseProtocols } from '../../directory/protocols.ts'
import { makeCertificates } from './certificates.ts'
import type { CertificateFaults, RelayCertificate } from './certificates.ts'
import { congestionControlKnobs, type CongestionControlKnobs } from '../exit/congestion-control-knobs.ts'
import type { DirectoryAnswer } from '../directory/directory-http.ts'
import type { DirectoryLieChoice, DirectoryRelay, DirectoryRequest } from '../directory/directory-lies.ts'
import { ExitRefusal } from '../exit/exit.ts'
import type { ExitHandler, ResolveHandler } from '../exit/exit.ts'
import { MemoryLink } from '../link/memory-link.ts'
import type { ReceivedMessage } from './circuit/messages.ts'
import type { Observer } from './observer.ts'
import type { RandomSource } from '../identity/random.ts'
import type { RelayIdentity } from '../identity/relay-identity.ts'
import type { OnwardNetwork, OnwardRelay } from './onward-link.ts'
import { RelayLink } from './relay-link.ts'
import type { CreateAnswer, LinkCircuit, LinkCreateRequest, LinkRelay } from './relay-link.ts'
import type { CompletePlan } from './relay-plan.ts'
import type { RelayListing } from '../directory/relay-listing.ts'

/** Which SENDMEs a relay holds back when they are due. */
export interface Withholding {
  /** Those for streams. */
  streamSendmes: boolean
  /** Those for circuits. */
  circuitSendmes: boolean
}

/** What a relay asks of its network. */
export interface RelayNetwork<Circuit extends LinkCircuit> extends OnwardNetwork<Circuit> {
  /** The circuits that clients have created, the oldest first. */
  readonly circuits: Circuit[]
}

/** Makes a circuit that was created at a relay. */
export type MakeCircuit<Circuit extends LinkCircuit> = (
  relay: RelayHost<Circuit>,
  ...created: Parameters<LinkRelay<Circuit>['createCircuit']>
) => Circuit

/** What a relay is made of. @internal */
export interface RelaySetup<Circuit extends LinkCircuit> {
  readonly network: RelayNetwork<Circuit>
  readonly plan: CompletePlan
  readonly identity: RelayIdentity
  readonly clock: Clock
  readonly random: RandomSource
  readonly observer: Observer
  readonly exit: ExitHandler
  readonly resolve: ResolveHandler
  readonly congestionControl: boolean
  readonly makeCircuit: MakeCircuit<Circuit>
}

/**
 * One relay of a test network. Every property that is not readonly is a knob: it may be turned at any time and
 * concerns what happens from then on.
 */
export class RelayHost<Circuit extends LinkCircuit>
  implements LinkRelay<Circuit>, OnwardRelay<Circuit>, DirectoryRelay
{
  /** `test1` and so on, for people; `auth1` and so on for authorities. */
  readonly nickname: string
  /** Where it listens: a made-up address that only the network's transport knows. */
  readonly address: LinkAddress
  /** Where it listens as well, if anywhere. */
  readonly ipv6Address: LinkAddress | undefined
  /**
   * What a directory would say of it: what clients need to dial it and to extend to it. Its protocols are those of
   * {@link listing}.
   */
  readonly description: Relay
  /** The links that it accepted, the oldest first, those that are closed included. */
  readonly links: RelayLink<Circuit>[] = []
  /** The circuits that were created at it, the oldest first, those that are closed included. */
  readonly circuits: Circuit[] = []

  /** What the directory says of it beside keys and addresses. */
  readonly listing: RelayListing
  /** Whether the directory has it at all. */
  listed = true
  /** Its keys. With those of another relay in place it is an impostor: {@link description} stays as it was. */
  identity: RelayIdentity
  /** What is forged in the CERTS cells that it sends. */
  certificateFaults: CertificateFaults = {}
  /** The versions in its VERSIONS cells. */
  linkVersions: readonly number[] = [3, 4, 5]
  /** How far its clock is ahead of the true time, in ms; its NETINFO tells. */
  clockSkew = 0
  /** Whether it can be dialled: `no` rejects at once, `never` leaves the caller waiting until it gives up. */
  reachable: 'yes' | 'no' | 'never' = 'yes'
  /**
   * Called for each link before anything is read; `ignore` leaves the handshake to `link.sendVersions` and the like.
   */
  onLink: ((link: RelayLink<Circuit>) => 'handle' | 'ignore') | undefined
  /** Decides about each CREATE2 and CREATE_FAST. */
  answerCreate: ((request: LinkCreateRequest<Circuit>) => CreateAnswer | Promise<CreateAnswer>) | undefined
  /**
   * The fixed windows of new circuits, in cells, as a consensus says it with `circwindow`: so many DATA cells may be on
   * their way to a client before its SENDME, and the relay judges clients by the same. (A tor relay always lets clients
   * have 1000.)
   */
  circuitWindow = 1_000
  /** Whether and how it does congestion control. */
  readonly congestionControl: CongestionControlKnobs
  /** Makes the message within its ntor-v3 handshake: of the client's, and of the one that it would send otherwise. */
  answerMessage: ((message: Uint8Array, usual: Uint8Array) => Uint8Array) | undefined
  /**
   * Called for each relay message that is for this relay, before it is handled; `ignore` leaves it to the caller. DATA
   * counts towards the circuit's window all the same, and is acknowledged for the circuit; not for its stream.
   */
  onMessage: ((circuit: Circuit, message: ReceivedMessage) => 'handle' | 'ignore') | undefined
  /** Which SENDMEs are held back when they are due. `TestCircuit.releaseSendmes` sends them. */
  readonly withhold: Withholding = { streamSendmes: false, circuitSendmes: false }
  /** Whether it closes circuits that overrun a window, bring a wrong SENDME and the like. */
  strict = true
  /** What it connects streams to. */
  exit: ExitHandler
  /** What it connects BEGIN_DIR to: in a network with authorities the directory, in one without it is no directory. */
  directory: ExitHandler = () => {
    throw new ExitRefusal(EndReason.NOTDIRECTORY)
  }
  /** What its directory lies about, in place of `network.directory.lie`. */
  lie: DirectoryLieChoice
  /** Answers requests to its directory; `usual` makes the answer that it would give otherwise, its lies included. */
  serve:
    | ((request: DirectoryRequest, usual: () => Promise<DirectoryAnswer>) => DirectoryAnswer | Promise<DirectoryAnswer>)
    | undefined
  /** How it answers RESOLVE. */
  resolve: ResolveHandler

  /** What it does for onion services: false for a message that is none of theirs. @internal */
  onion: ((circuit: Circuit, message: ReceivedMessage) => boolean) | undefined
  /** The identity of the authority that it is, if it is one. @internal */
  v3Identity: string | undefined
  /** The keys that the directory tells: those it began with. @internal */
  readonly published: RelayIdentity
  /** @internal */
  readonly network: RelayNetwork<Circuit>
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly random: RandomSource
  /** @internal */
  readonly observer: Observer
  readonly #makeCircuit: MakeCircuit<Circuit>
  #certificates:
    { readonly key: string; readonly identity: RelayIdentity; readonly made: Promise<RelayCertificate[]> } | undefined

  /** @internal */
  constructor(setup: RelaySetup<Circuit>) {
    this.network = setup.network
    this.nickname = setup.plan.nickname
    this.address = setup.plan.address
    this.ipv6Address = setup.plan.ipv6Address
    this.listing = setup.plan.listing
    this.published = setup.identity
    this.identity = setup.identity
    this.clock = setup.clock
    this.random = setup.random
    this.observer = setup.observer
    this.exit = setup.exit
    this.resolve = setup.resolve
    this.congestionControl = congestionControlKnobs(setup.congestionControl)
    this.#makeCircuit = setup.makeCircuit
    const { listing } = this
    this.description = {
      addresses: this.ipv6Address === undefined ? [this.address] : [this.address, this.ipv6Address],
      rsaIdentity: setup.identity.rsa.fingerprint,
      ed25519Identity: setup.identity.ed25519.publicKey,
      ntorOnionKey: setup.identity.onion.publicKey,
      protocols: { supports: (name, version) => parseProtocols(listing.protocols)?.supports(name, version) ?? false },
    }
  }

  /**
   * Resolves when `predicate` is true; asked again after everything that happens on the network. Rejects when the
   * network closes.
   */
  when(predicate: (relay: this) => boolean): Promise<void> {
    return this.observer.when(() => predicate(this))
  }

  /** Its certificates as they stand in a CERTS cell now, {@link certificateFaults} included. */
  certificates(): Promise<RelayCertificate[]> {
    const now = this.clock.now()
    // Expiry counts in hours.
    const key = `${Math.floor(now / 3_600_000)} ${JSON.stringify(this.certificateFaults)}`
    if (this.#certificates?.key !== key || this.#certificates.identity !== this.identity) {
      const made = makeCertificates(this.identity, { now, faults: this.certificateFaults, random: this.random })
      this.#certificates = { key, identity: this.identity, made }
    }
    return this.#certificates.made
  }

  /** Whether it says of itself that it answers BEGIN_DIR. @internal */
  get isDirectory(): boolean {
    return this.listing.flags.includes('V2Dir')
  }

  /** Whether it listens at an address. @internal */
  listensAt({ hostname, port }: LinkAddress): boolean {
    return this.description.addresses.some((address) => address.hostname === hostname && address.port === port)
  }

  /** @internal */
  createCircuit(link: RelayLink<Circuit>, id: number, hop: MadeHop): Circuit {
    const circuit = this.#makeCircuit(this, link, id, hop)
    this.circuits.push(circuit)
    if (link.fromClient) this.network.circuits.push(circuit)
    return circuit
  }

  /** Somebody dials. @internal */
  accept(fromClient: boolean): { readonly memory: MemoryLink; readonly link: RelayLink<Circuit> } {
    const memory = new MemoryLink(this.clock)
    const link = new RelayLink<Circuit>(this, memory, fromClient)
    this.links.push(link)
    this.observer.notify()
    return { memory, link }
  }
}
