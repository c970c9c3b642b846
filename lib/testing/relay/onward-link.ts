/**
 * The way from one test relay to the next: a link of its own for each circuit, with this relay as the initiator, and
 * the circuit's second half on it (tor-spec, "EXTEND and EXTENDED cells").
 *
 * Relays of one test network know each other: the initiator compares identities and does not verify certificates.
 *
 * @module
 */
import { constantTimeEqual } from '../../cell/bytes.ts'
import { CellCommand } from '../../cell/commands.ts'
import { encodeCreate2 } from '../../cell/create2.ts'
import { encodeVersions } from '../../cell/channel/channel-cell.ts'
import type { Extend2 } from '../../cell/relay/extend2.ts'
import type { LinkSpecifier } from '../../cell/link-specifier.ts'
import { encodeNetinfo } from '../../cell/channel/netinfo.ts'
import { DestroyReason } from '../../cell/reasons.ts'
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../cell/body-size.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { RelayIdentity } from '../identity/relay-identity.ts'
import { CellLink } from '../link/cell-link.ts'
import type { MemoryLink } from '../link/memory-link.ts'
import type { LinkCircuit, RelayLink } from './relay-link.ts'

/** The highest bit, which the initiator of a link sets. One circuit a link, so that one id does. */
const CIRCUIT_ID = 0x8000_0001

/** Why there is nothing to extend to. */
export class ExtendFailure extends Error {
  /** The reason to tell the client. */
  readonly reason: number

  constructor(message: string, reason: number) {
    super(message)
    this.reason = reason
  }
}

/** A relay that a circuit can be extended to. */
export interface OnwardRelay<Circuit extends LinkCircuit> {
  /** Whether it can be dialled. */
  readonly reachable: 'yes' | 'no' | 'never'
  /** Its keys. */
  readonly identity: RelayIdentity
  /** Somebody dials: the connection, and the link as the relay has it. @internal */
  accept(fromClient: boolean): { readonly memory: MemoryLink; readonly link: RelayLink<Circuit> }
}

/** Where the next relay is found. */
export interface OnwardNetwork<Circuit extends LinkCircuit> {
  /** The relay that listens at an address. */
  relayAt(address: LinkAddress): OnwardRelay<Circuit> | undefined
}

/** A circuit as the next relay has it. */
export interface OnwardCircuit extends LinkCircuit {
  /** The link by which it came. */
  readonly link: unknown
}

/** What the way onward asks of the circuit that goes on by it. */
export interface OnwardHost {
  /** Cells came from the next relay. The promise says when more may. */
  passBackward(command: number, bodies: Uint8Array): Promise<void> | undefined
  /** The next relay has answered with this CREATED2. */
  extended(created: Uint8Array): void
  /** The next relay sent a DESTROY. */
  onwardDestroyed(reason: number): void
  /** The link to the next relay is gone. */
  destroy(reason: number): void
}

/** The relay that an EXTEND2 means: the one at its first address, if that has the identities which it names. */
function findRelay<Circuit extends LinkCircuit>(
  network: OnwardNetwork<Circuit>,
  specifiers: readonly LinkSpecifier[],
): OnwardRelay<Circuit> {
  let relay: OnwardRelay<Circuit> | undefined
  for (const specifier of specifiers) {
    if (specifier.type !== 'ipv4' && specifier.type !== 'ipv6') continue
    relay ??= network.relayAt({ hostname: specifier.address, port: specifier.port })
  }
  if (relay === undefined || relay.reachable !== 'yes') {
    throw new ExtendFailure('There is no relay at this address', DestroyReason.CHANNEL_CLOSED)
  }
  const { rsa, ed25519 } = relay.identity
  for (const specifier of specifiers) {
    if (specifier.type !== 'rsa' && specifier.type !== 'ed25519') continue
    const proved = specifier.type === 'rsa' ? rsa.fingerprint : ed25519.publicKey
    if (constantTimeEqual(proved, specifier.identity)) continue
    throw new ExtendFailure('The relay at this address is another one', DestroyReason.OR_IDENTITY)
  }
  return relay
}

/** The next relay of a circuit, from the EXTEND2 on. */
export class OnwardLink<Circuit extends OnwardCircuit> {
  /** The connection to the next relay, with its knobs. */
  readonly memory: MemoryLink
  /** The link as the next relay has it. */
  readonly link: RelayLink<Circuit>

  readonly #circuit: OnwardHost
  readonly #cells: CellLink
  readonly #request: Extend2
  #state: 'extending' | 'open' | 'over' = 'extending'

  /**
   * Dials, shakes hands and creates the circuit there; the circuit hears of the outcome. @internal
   *
   * @throws ExtendFailure when there is no such relay
   */
  constructor(circuit: OnwardHost, network: OnwardNetwork<Circuit>, request: Extend2) {
    const { memory, link } = findRelay(network, request.linkSpecifiers).accept(false)
    this.#circuit = circuit
    this.#request = request
    this.memory = memory
    this.link = link
    this.#cells = new CellLink(memory.client, this)
    this.#cells.start()
    this.#cells.send(encodeVersions([3, 4, 5]))
  }

  /** The circuit as the next relay has it. */
  get peer(): Circuit | undefined {
    return this.link.relay.circuits.findLast((circuit) => circuit.link === this.link)
  }

  /** False until the next relay has answered, and after the circuit's end. */
  get open(): boolean {
    return this.#state === 'open'
  }

  /** Passes cells on, whose bodies stand one after the other. @internal */
  send(command: number, bodies: Uint8Array): void {
    if (this.open) this.#cells.sendRun(CIRCUIT_ID, command, bodies, bodies.length / BODY_SIZE)
  }

  /** Closes the rest of the circuit, and the link with it. @internal */
  destroy(reason: number): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#cells.sendCell(CIRCUIT_ID, CellCommand.DESTROY, Uint8Array.of(reason))
    this.#cells.end()
  }

  /** @internal */
  run(_circuitId: number, command: number, bodies: Uint8Array): Promise<void> | undefined {
    return this.#state === 'over' ? undefined : this.#circuit.passBackward(command, bodies)
  }

  /** @internal */
  cell(_circuitId: number, command: number, body: Uint8Array): void {
    switch (command) {
      case CellCommand.NETINFO:
        this.#cells.sendCell(
          0,
          CellCommand.NETINFO,
          encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] }),
        )
        this.#cells.sendCell(
          CIRCUIT_ID,
          CellCommand.CREATE2,
          encodeCreate2(this.#request.handshakeType, this.#request.data),
        )
        break
      case CellCommand.CREATED2: {
        if (this.#state !== 'extending') return
        this.#state = 'open'
        // CREATED2 and EXTENDED2 have one form: what the next relay said passes as it is, be it nonsense.
        const size = 2 + (((body[0] as number) << 8) | (body[1] as number))
        this.#circuit.extended(new Uint8Array(body.subarray(0, Math.min(size, MAX_DATA))))
        break
      }
      case CellCommand.DESTROY:
        this.#lost(body[0] ?? DestroyReason.NONE, true)
        this.#cells.end()
        break
      default:
      // The rest of the handshake, and padding.
    }
  }

  /** @internal */
  roomAvailable(): void {
    // Nothing here waits for room: what may be queued is bounded by the client's windows.
  }

  /** @internal */
  linkEnded(): void {
    this.#lost(DestroyReason.CHANNEL_CLOSED, false)
  }

  /**
   * The next relay refused or destroyed the circuit, or its link is gone: TRUNCATED for one, DESTROY for the other, as
   * C tor has it.
   */
  #lost(reason: number, refused: boolean): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    if (refused) this.#circuit.onwardDestroyed(reason)
    else this.#circuit.destroy(reason)
  }
}
