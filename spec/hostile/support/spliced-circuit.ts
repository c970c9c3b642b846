/**
 * A circuit whose relays are the spec itself: the client's side is all real, down to the link, but the keys of its hops
 * are given and not negotiated, and the link's relay hands the circuit's cells to the spec. Hundreds of them cost what
 * one with handshakes does.
 */
import { CellCommand } from '../../../lib/cell/commands.ts'
import { bodyOf, commandOf, lengthOf, looksRecognized, streamIdOf } from '../../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../lib/cell/body-size.ts'
import type { Channel } from '../../../lib/channel/channel.ts'
import { CircuitController } from '../../../lib/circuit/circuit-controller.ts'
import type { NegotiatedCongestionControl } from '../../../lib/circuit/congestion/negotiated.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../../lib/circuit/onion/hop-crypto.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { packMessage, type OutgoingMessage } from '../../../lib/testing/relay/circuit/messages.ts'
import { Observer } from '../../../lib/testing/relay/observer.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import type { TestLink } from '../../../lib/testing/relay/test-relay.ts'

/** A message that the client sent. */
export interface SentMessage {
  /** The hop that it is for, 0 for the guard. */
  readonly hop: number
  readonly command: number
  readonly streamId: number
  readonly body: Uint8Array
}

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** Hops of a circuit. */
const LENGTH = 3

export class SplicedCircuit {
  readonly controller: CircuitController = new CircuitController()
  /** What the client sent, in order. */
  readonly sent: SentMessage[] = []
  /** The reason of the client's DESTROY, once it has come. */
  destroyed: number | undefined
  readonly #hops: HopCrypto[] = []
  readonly #link: TestLink
  readonly #id: number
  readonly #observer = new Observer()
  #sending: Promise<void> = Promise.resolve()

  /**
   * Puts a circuit of 3 hops on a channel, of which `link` is the relay's side.
   *
   * @param congestionControl what was negotiated with the last hop; fixed windows without it
   */
  constructor(channel: Channel, link: TestLink, congestionControl?: NegotiatedCongestionControl) {
    const port = channel.openCircuit(this.controller)
    this.#link = link
    this.#id = port.circuitId
    link.circuits.set(port.circuitId, this.#relay())
    this.controller.join(port)
    for (let hop = 0; hop < LENGTH; hop++) {
      const keys = random(HOP_KEY_SIZE)
      this.controller.addHop(new HopCrypto(keys, currentPlatform()), hop === LENGTH - 1 ? congestionControl : undefined)
      this.#hops.push(new HopCrypto(keys, currentPlatform()))
    }
    this.controller.open()
  }

  /** The exit's place in the path. */
  get exit(): number {
    return this.#hops.length - 1
  }

  /** Resolves when `predicate` is true; asked again after everything that the client sends. */
  when(predicate: () => boolean): Promise<void> {
    return this.#observer.when(predicate)
  }

  /** The stream id of the last message with this command, which may be still on its way. */
  async idOf(command: number, count = 1): Promise<number> {
    const all = (): SentMessage[] => this.sent.filter((message) => message.command === command)
    await this.when(() => all().length >= count)
    return (all().at(-1) as SentMessage).streamId
  }

  /** Sends a message from a hop. Resolves when it is on the link. */
  send(hop: number, message: OutgoingMessage): Promise<void> {
    const cell: Uint8Array = packMessage(message, random)
    this.#sending = this.#sending.then(() => this.#wrap(hop, cell, message))
    return this.#sending
  }

  /** Sends any cell of the circuit as it is. */
  sendCell(command: number, body: Uint8Array): void {
    this.#link.sendCell(this.#id, command, body)
  }

  async #wrap(from: number, cell: Uint8Array, message: OutgoingMessage): Promise<void> {
    if (message.digest === undefined) (this.#hops[from] as HopCrypto).backward.digest.seal(cell, 0)
    for (let hop = from; hop >= 0; hop--) {
      const { keystream } = (this.#hops[hop] as HopCrypto).backward
      if (keystream.available < BODY_SIZE) await keystream.refill(BODY_SIZE)
      cell = keystream.apply(cell)
    }
    this.sendCell(message.early ? CellCommand.RELAY_EARLY : CellCommand.RELAY, cell)
  }

  /** What the link's relay takes for a circuit of its own. */
  #relay(): TestCircuit {
    const relay = {
      receiveRelay: (_command: number, bodies: Uint8Array, count: number) => this.#receive(bodies, count),
      receiveDestroy: (reason: number) => {
        this.destroyed = reason
        this.#link.circuits.delete(this.#id)
        this.#observer.notify()
      },
      roomAvailable: () => undefined,
      linkClosed: () => undefined,
    }
    return relay as unknown as TestCircuit
  }

  async #receive(bodies: Uint8Array, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      let cell: Uint8Array = new Uint8Array(bodies.subarray(index * BODY_SIZE, (index + 1) * BODY_SIZE))
      for (const [hop, { forward }] of this.#hops.entries()) {
        if (forward.keystream.available < BODY_SIZE) await forward.keystream.refill(BODY_SIZE)
        cell = forward.keystream.apply(cell)
        if (!looksRecognized(cell, 0) || !forward.digest.verify(cell, 0)) continue
        this.sent.push({
          hop,
          command: commandOf(cell, 0),
          streamId: streamIdOf(cell, 0),
          body: bodyOf(cell, 0, lengthOf(cell, 0)),
        })
        break
      }
    }
    this.#observer.notify()
  }
}
