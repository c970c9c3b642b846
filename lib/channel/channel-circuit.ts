/**
 * One circuit on a channel: the port that it sends through, and the guard around what it receives.
 *
 * A receiver is not supposed to throw. If it does, that is a fault of this library and of no peer: the circuit is given
 * up, and the channel and its other circuits go on.
 *
 * @module
 */
import { CellCommand } from '../cell/commands.ts'
import { DestroyReason } from '../cell/reasons.ts'
import { TorError } from '../base/errors.ts'
import type { CircuitPort, CircuitReceiver } from './circuit-port.ts'
import type { LinkOutput, RoomWaiter } from './link-output.ts'

/** The port of one circuit. The channel calls what the receiver shall hear through it. */
export class ChannelCircuit implements CircuitPort, RoomWaiter {
  readonly circuitId: number
  readonly #output: LinkOutput
  readonly #released: () => void
  /** Undefined once it has to hear nothing more. */
  #receiver: CircuitReceiver | undefined
  #taken = 0
  /** The circuit exists at the relay, as far as is known here. */
  #open = true

  /** @param released called when the circuit gives its id up */
  constructor(circuitId: number, receiver: CircuitReceiver, output: LinkOutput, released: () => void) {
    this.circuitId = circuitId
    this.#receiver = receiver
    this.#output = output
    this.#released = released
  }

  get room(): number {
    return this.#open ? this.#output.roomFor(this) : 0
  }

  get taken(): number {
    return this.#taken
  }

  sendRelay(early: number, bodies: Uint8Array, count: number): void {
    if (!this.#open) return
    this.#output.sendRelay(this, this.circuitId, early, bodies, count, () => {
      this.#taken += count
    })
  }

  sendCell(command: number, body: Uint8Array): void {
    if (this.#open) this.#output.sendCell(this.circuitId, command, body)
  }

  release(destroy: boolean): void {
    this.#receiver = undefined
    if (!this.#open) return
    if (destroy && !this.#output.isHushed)
      this.#output.sendCell(this.circuitId, CellCommand.DESTROY, Uint8Array.of(DestroyReason.NONE))
    this.#end()
    this.#released()
  }

  /** Hands over a run of RELAY cells. The promise, if there is one, does not reject. */
  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined {
    return this.#guard((receiver) => receiver.receiveRelay(bodies, count))?.catch((error: unknown) =>
      this.#fault(error),
    )
  }

  /** Hands over any other cell but DESTROY. */
  receiveCell(command: number, body: Uint8Array): void {
    this.#guard((receiver) => receiver.receiveCell(command, body))
  }

  /** Hands over the relay's DESTROY. Nothing can be sent from now on, and no DESTROY answers it. */
  receiveDestroy(body: Uint8Array): void {
    this.#end()
    this.#guard((receiver) => receiver.receiveCell(CellCommand.DESTROY, body))
  }

  /** Tells that the read of the link has been worked off. */
  endOfPass(): void {
    this.#guard((receiver) => receiver.endOfPass())
  }

  roomAvailable(): void {
    this.#guard((receiver) => receiver.roomAvailable())
  }

  /** Tells that the channel is gone. */
  channelClosed(error: TorError): void {
    this.#end()
    this.#guard((receiver) => receiver.channelClosed(error))
    this.#receiver = undefined
  }

  #end(): void {
    this.#open = false
    this.#output.forget(this)
  }

  #guard<T>(call: (receiver: CircuitReceiver) => T): T | undefined {
    if (this.#receiver === undefined) return undefined
    try {
      return call(this.#receiver)
    } catch (error) {
      this.#fault(error)
      return undefined
    }
  }

  #fault(cause: unknown): void {
    const receiver = this.#receiver
    this.release(true)
    try {
      receiver?.channelClosed(
        new TorError('CIRCUIT_CLOSED', 'The circuit was closed because of an internal error', { cause }),
      )
    } catch {
      // It cannot even hear that it is over: there is nobody left to tell.
    }
  }
}
