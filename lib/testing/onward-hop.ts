/**
 * The way from one test relay to the next: a link of its own for each circuit, with this relay as the initiator, and the
 * circuit's second half on it (tor-spec, "EXTEND and EXTENDED cells").
 *
 * Relays of one test network know each other: the initiator compares identities and does not verify certificates.
 *
 * @module
 */
import { constantTimeEqual } from '../cell/bytes.ts'
import { CellCommand } from '../cell/commands.ts'
import { decodeCreated2, encodeCreate2 } from '../cell/create2.ts'
import { encodeVersions } from '../cell/channel-cell.ts'
import type { Extend2 } from '../cell/extend2.ts'
import type { LinkSpecifier } from '../cell/link-specifier.ts'
import { encodeNetinfo } from '../cell/netinfo.ts'
import { DestroyReason } from '../cell/reasons.ts'
import { CellLink } from './cell-link.ts'
import type { CellHandler } from './cell-link.ts'
import type { MemoryLink } from './memory-link.ts'
import type { TestCircuit } from './test-circuit.ts'
import type { TestLink } from './test-link.ts'
import type { TestRelay } from './test-relay.ts'

/** The highest bit, which the initiator of a link sets. One circuit a link, so that one id does. */
const CIRCUIT_ID = 0x8000_0001

/** Why a circuit was not extended. */
export class ExtendFailure extends Error {
  /** The reason to tell the client. */
  readonly reason: number
  /** True when the next relay was reached and said no. */
  readonly refused: boolean

  constructor(message: string, reason: number, refused: boolean) {
    super(message)
    this.reason = reason
    this.refused = refused
  }
}

/** The relay that an EXTEND2 means. */
function findRelay(circuit: TestCircuit, specifiers: readonly LinkSpecifier[]): TestRelay {
  const address = specifiers.find((specifier) => specifier.type === 'ipv4' || specifier.type === 'ipv6')
  const relay = address === undefined ? undefined : circuit.relay.network.relayAt({ hostname: address.address, port: address.port })
  if (relay === undefined || relay.reachable !== 'yes') {
    throw new ExtendFailure('There is no relay at this address', DestroyReason.CHANNEL_CLOSED, false)
  }
  for (const specifier of specifiers) {
    const proved = specifier.type === 'rsa' ? relay.identity.rsa.fingerprint : specifier.type === 'ed25519' ? relay.identity.ed25519.publicKey : undefined
    if (proved !== undefined && 'identity' in specifier && !constantTimeEqual(proved, specifier.identity)) {
      throw new ExtendFailure('The relay at this address is another one', DestroyReason.OR_IDENTITY, false)
    }
  }
  return relay
}

/** The next relay of a circuit. */
export class OnwardHop implements CellHandler {
  /** The connection to the next relay, with its knobs. */
  readonly memory: MemoryLink
  /** The link as the next relay has it. */
  readonly link: TestLink

  readonly #circuit: TestCircuit
  readonly #cells: CellLink
  readonly #request: Extend2
  #settle: { resolve: (created: Uint8Array) => void; reject: (error: ExtendFailure) => void } | undefined
  #over = false

  /** Dials, shakes hands and creates the circuit there. Rejects with an {@link ExtendFailure}. @internal */
  static async open(circuit: TestCircuit, request: Extend2): Promise<{ readonly hop: OnwardHop; readonly created: Uint8Array }> {
    const relay = findRelay(circuit, request.linkSpecifiers)
    const { memory, link } = relay.accept(false)
    const hop = new OnwardHop(circuit, request, memory, link)
    const created = await new Promise<Uint8Array>((resolve, reject) => {
      hop.#settle = { resolve, reject }
      hop.#cells.start()
      hop.#cells.send(encodeVersions([3, 4, 5]))
    })
    return { hop, created }
  }

  private constructor(circuit: TestCircuit, request: Extend2, memory: MemoryLink, link: TestLink) {
    this.#circuit = circuit
    this.#request = request
    this.memory = memory
    this.link = link
    this.#cells = new CellLink(memory.client, this)
  }

  /** The circuit as the next relay has it. */
  get peer(): TestCircuit | undefined {
    return this.link.circuits.get(CIRCUIT_ID) ?? this.link.relay.circuits.findLast((circuit) => circuit.link === this.link)
  }

  /** Passes cells on, whose bodies stand one after the other. @internal */
  send(command: number, bodies: Uint8Array): void {
    if (!this.#over) this.#cells.sendRun(CIRCUIT_ID, command, bodies, bodies.length / 509)
  }

  /** Closes the rest of the circuit, and the link with it. @internal */
  destroy(reason: number): void {
    if (this.#over) return
    this.#over = true
    this.#cells.sendCell(CIRCUIT_ID, CellCommand.DESTROY, Uint8Array.of(reason))
    this.#cells.end()
  }

  /** @internal */
  run(_circuitId: number, command: number, bodies: Uint8Array): Promise<void> | undefined {
    return this.#over ? undefined : this.#circuit.passBackward(command, bodies)
  }

  /** @internal */
  cell(_circuitId: number, command: number, body: Uint8Array): void {
    switch (command) {
      case CellCommand.NETINFO:
        this.#cells.sendCell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] }))
        this.#cells.sendCell(CIRCUIT_ID, CellCommand.CREATE2, encodeCreate2(this.#request.handshakeType, this.#request.data))
        break
      case CellCommand.CREATED2:
        this.#settle?.resolve(new Uint8Array(decodeCreated2(body)))
        this.#settle = undefined
        break
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
  closed(): void {
    this.#lost(DestroyReason.CHANNEL_CLOSED, false)
  }

  #lost(reason: number, refused: boolean): void {
    if (this.#over) return
    this.#over = true
    if (this.#settle !== undefined) this.#settle.reject(new ExtendFailure('The next relay did not extend the circuit', reason, refused))
    else if (refused) this.#circuit.onwardDestroyed(reason)
    else this.#circuit.destroy(reason)
    this.#settle = undefined
  }
}
