/**
 * The link handshake as a client does it, without I/O: cells in, bytes out (tor-spec, "Negotiating and initializing
 * connections").
 *
 * ```text
 * client   VERSIONS                                               NETINFO
 * relay               VERSIONS, CERTS, AUTH_CHALLENGE, NETINFO
 * ```
 *
 * - The relay's cells come in just this order, with VPADDING anywhere; a further VERSIONS is ignored, as the
 *   specification demands. Anything else ends the link.
 * - The client does not authenticate itself: it has no identity. AUTH_CHALLENGE means nothing to it.
 * - From link protocol 5 on both ends pad the link without a word about it; a client that wants less tells so at once,
 *   with a PADDING_NEGOTIATE right behind its NETINFO (link-padding.ts).
 *
 * @module
 */
import { decodeCerts } from '../cell/channel/certs-cell.ts'
import { decodeVersions, encodeCell, encodeVersions } from '../cell/channel/channel-cell.ts'
import { CellCommand, cellCommandName } from '../cell/commands.ts'
import { parseIPAddress } from '../cell/ip-address.ts'
import { decodeNetinfo, encodeNetinfo } from '../cell/channel/netinfo.ts'
import { encodePaddingNegotiate } from '../cell/channel/padding-negotiate.ts'
import { TorError } from '../base/errors.ts'
import { joinBytes } from '../base/bytes/join-bytes.ts'
import type { Platform } from '../platform/platform.ts'
import type { LinkAddress } from '../platform/links/transport.ts'
import type { DirectoryServer } from '../relay.ts'
import type { Clock } from '../base/waiting/clock.ts'
import { verifyCerts, type ProvenIdentity } from './certs.ts'
import type { LinkItem } from './deframer.ts'
import type { LinkPaddingMode } from './link-padding.ts'

/** The link protocols that are spoken, lowest first. */
export const LINK_VERSIONS: readonly number[] = [4, 5]

/**
 * The link protocols that are offered, as every tor client does: the length of this cell shows to anybody on the path.
 * No relay of today has nothing better than 3, which is not spoken here.
 */
const OFFERED_VERSIONS: readonly number[] = [3, ...LINK_VERSIONS]

/** The link protocol from which on both ends pad the link. */
export const PADDING_VERSION = 5

/** What the handshake needs to know. */
export interface LinkHandshakeOptions {
  /** Who has to be at the other end. */
  readonly expected: Pick<DirectoryServer, 'rsaIdentity' | 'ed25519Identity'>
  /** What was dialled: the relay is told that this is its address. */
  readonly address: LinkAddress
  /** The certificate of the TLS connection, DER. */
  readonly peerCertificate: Uint8Array
  readonly platform: Pick<Platform, 'rsaPublic' | 'verifyEd25519'>
  readonly clock: Pick<Clock, 'now'>
  /** How much the link is to be padded. */
  readonly linkPadding: LinkPaddingMode
}

/** What a handshake comes to. */
export interface LinkHandshakeResult {
  /** The link protocol: 4 or 5. */
  readonly linkVersion: number
  /**
   * The relay's clock minus ours, in seconds, off by as long as its NETINFO was under way. Undefined when it does not
   * tell the time. The relay has proved who it is, not that its clock is right.
   */
  readonly clockSkew: number | undefined
  /** Who the relay has proved to be, whether all of that was asked for or not. */
  readonly identity: ProvenIdentity
}

/** Which cell is due. */
type State = 'VERSIONS' | 'CERTS' | 'AUTH_CHALLENGE' | 'NETINFO' | 'done'

/** One handshake. After a throw it is of no more use. */
export class LinkHandshake {
  readonly #options: LinkHandshakeOptions
  #state: State = 'VERSIONS'
  #linkVersion = 0
  #identity: ProvenIdentity | undefined
  #result: LinkHandshakeResult | undefined

  constructor(options: LinkHandshakeOptions) {
    this.#options = options
  }

  /** Set once the handshake is done. */
  get result(): LinkHandshakeResult | undefined {
    return this.#result
  }

  /** What to send first. */
  start(): Uint8Array<ArrayBuffer> {
    return encodeVersions(OFFERED_VERSIONS)
  }

  /**
   * Takes the relay's next cell, the one before being done, until there is a {@link result}. Resolves to what to send for it, if anything: only the last
   * one has an answer, which is better sent together with the first circuit's cell.
   *
   * @throws TorError (as a rejection) `LINK_VERSION`, `LINK_CERTS`, `LINK_IDENTITY`, or `LINK_PROTOCOL` for a cell that is malformed or
   * not due
   */
  async receive(item: LinkItem): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const command = item.kind === 'run' ? CellCommand.RELAY : item.command
    if (command === CellCommand.VPADDING) return undefined
    // Only the first VERSIONS counts (tor-spec, "Negotiating versions").
    if (command === CellCommand.VERSIONS && this.#state !== 'VERSIONS') return undefined
    if (item.kind === 'run' || this.#state === 'done' || command !== CellCommand[this.#state]) {
      throw new TorError('LINK_PROTOCOL', `The relay sent ${cellCommandName(command)} when ${this.#state} was due`)
    }
    if (item.circuitId !== 0) {
      throw new TorError('LINK_PROTOCOL', `The relay sent ${cellCommandName(command)} with a circuit id`)
    }
    switch (this.#state) {
      case 'VERSIONS':
        this.#versions(item.body)
        return undefined
      case 'CERTS':
        await this.#certs(item.body)
        return undefined
      case 'AUTH_CHALLENGE':
        this.#state = 'NETINFO'
        return undefined
      case 'NETINFO':
        return this.#netinfo(item.body)
    }
  }

  #versions(body: Uint8Array): void {
    const theirs = wellFormed(() => decodeVersions(body))
    const common = LINK_VERSIONS.filter((version) => theirs.includes(version))
    if (common.length === 0) throw new TorError('LINK_VERSION', 'The relay speaks no link protocol that is known here')
    this.#linkVersion = Math.max(...common)
    this.#state = 'CERTS'
  }

  async #certs(body: Uint8Array): Promise<void> {
    const certs = wellFormed(() => decodeCerts(body))
    const { peerCertificate, expected, clock, platform } = this.#options
    this.#identity = await verifyCerts({ certs, peerCertificate, expected, now: clock.now(), platform })
    this.#state = 'AUTH_CHALLENGE'
  }

  #netinfo(body: Uint8Array): Uint8Array<ArrayBuffer> {
    const { timestamp } = wellFormed(() => decodeNetinfo(body))
    const { hostname } = this.#options.address
    const clockSkew = timestamp === 0 ? undefined : timestamp - Math.floor(this.#options.clock.now() / 1000)
    this.#result = { linkVersion: this.#linkVersion, clockSkew, identity: this.#identity as ProvenIdentity }
    this.#state = 'done'
    // No time and no address of ours: either would tell this client from others (tor-spec, "NETINFO cells").
    const otherAddress = parseIPAddress(hostname) === undefined ? undefined : hostname
    const netinfo = encodeCell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress, myAddresses: [] }))
    if (this.#linkVersion < PADDING_VERSION || this.#options.linkPadding === 'normal') return netinfo
    const stop = encodeCell(0, CellCommand.PADDING_NEGOTIATE, encodePaddingNegotiate({ command: 'stop' }))
    return joinBytes([netinfo, stop])
  }
}

/** A malformed cell is a breach of the link's protocol. */
function wellFormed<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new TorError('LINK_PROTOCOL', 'The relay sent a malformed cell in the link handshake', { cause })
  }
}
