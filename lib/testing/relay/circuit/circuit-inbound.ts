/**
 * Cells that come to a relay from the side of the client: one layer of encryption is removed, what is for this relay is
 * handled, and the rest passes on (tor-spec, "Routing relay cells", "Handling relay_early cells").
 *
 * @module
 */
import { CellCommand, RelayCommand } from '../../../cell/commands.ts'
import {
  bodyOf,
  commandOf,
  lengthOf,
  looksRecognized,
  MAX_DATA,
  streamIdOf,
} from '../../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../cell/body-size.ts'
import type { DirectionCrypto } from '../../../circuit/onion/hop-crypto.ts'
import { MessageLog } from './messages.ts'
import type { ReceivedMessage } from './messages.ts'

/** RELAY_EARLY cells that a relay passes on a circuit. */
const MAX_RELAY_EARLY = 8

/** What the forward direction asks of its circuit. */
export interface InboundHost {
  /** True once the circuit is closed: nothing more is handled. */
  readonly closed: boolean
  /** Whether the relay enforces the rules. */
  readonly strict: boolean
  /** What is behind this relay, if anything is. */
  readonly beyond: { readonly open: boolean; send(command: number, bodies: Uint8Array): void } | undefined
  /** A message for this relay. Its bytes hold until this returns. */
  receiveMessage(message: ReceivedMessage): void
  /** The client broke a rule. */
  fail(violation: string): void
  /** Something about the circuit has changed. */
  notify(): void
}

/** The forward direction of a circuit at one relay. */
export class CircuitInbound {
  /** Cells that came, for this relay or not. */
  cells = 0
  /** RELAY_EARLY cells among them. */
  relayEarly = 0
  /** The messages for this relay. */
  readonly log: MessageLog = new MessageLog()
  readonly #circuit: InboundHost
  readonly #crypto: DirectionCrypto

  constructor(circuit: InboundHost, crypto: DirectionCrypto) {
    this.#circuit = circuit
    this.#crypto = crypto
  }

  /**
   * Takes a run of cells, all RELAY or all RELAY_EARLY. Returns a promise while keystream is made; nothing may come
   * meanwhile.
   */
  receive(command: number, bodies: Uint8Array, count: number): Promise<void> | undefined {
    const circuit = this.#circuit
    if (circuit.closed) return undefined
    this.cells += count
    if (command === CellCommand.RELAY_EARLY) {
      this.relayEarly += count
      if (this.relayEarly > MAX_RELAY_EARLY && circuit.strict) {
        circuit.fail('more RELAY_EARLY cells than a circuit may have')
        return undefined
      }
    }
    const { keystream } = this.#crypto
    if (keystream.available >= bodies.length) return this.#decrypt(command, bodies)
    return keystream.refill(bodies.length).then(() => this.#decrypt(command, bodies))
  }

  #decrypt(cellCommand: number, encrypted: Uint8Array): undefined {
    const circuit = this.#circuit
    if (circuit.closed) return
    const { digest, keystream } = this.#crypto
    const bodies = keystream.apply(encrypted)
    let passed = 0
    for (let offset = 0; offset < bodies.length; offset += BODY_SIZE) {
      if (!looksRecognized(bodies, offset) || !digest.verify(bodies, offset)) continue
      this.#pass(cellCommand, bodies.subarray(passed, offset))
      passed = offset + BODY_SIZE
      this.#handle(cellCommand === CellCommand.RELAY_EARLY, bodies, offset)
      circuit.notify()
      if (circuit.closed) return
    }
    this.#pass(cellCommand, bodies.subarray(passed))
  }

  #handle(early: boolean, bodies: Uint8Array, offset: number): void {
    const length = lengthOf(bodies, offset)
    const message: ReceivedMessage = {
      command: commandOf(bodies, offset),
      streamId: streamIdOf(bodies, offset),
      length,
      early,
      body: bodyOf(bodies, offset, Math.min(length, MAX_DATA)),
      cell: bodies.subarray(offset, offset + BODY_SIZE),
    }
    this.log.add(message, message.command === RelayCommand.DATA)
    if (length > MAX_DATA && this.#circuit.strict) this.#circuit.fail('a message longer than its cell')
    else this.#circuit.receiveMessage(message)
  }

  /** Cells that are not for this relay. */
  #pass(command: number, bodies: Uint8Array): void {
    const { beyond, strict } = this.#circuit
    if (bodies.length === 0) return
    if (beyond?.open === true) beyond.send(command, bodies)
    else if (strict) this.#circuit.fail('a cell that no relay of the circuit recognises')
  }
}
