/**
 * The interface between a channel and the circuits on it: what a circuit receives, and what it sends through.
 *
 * @module
 */
import type { TorError } from '../base/errors.ts'

/** What a channel hands to a circuit. */
export interface CircuitReceiver {
  /**
   * A run of RELAY cells for this circuit out of one read of the link: `count` bodies of 509 bytes, one after the
   * other. The bytes belong to the receiver. It returns a promise only when keystream is still being made; the channel
   * reads no further until that settles.
   */
  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined
  /** Any other cell that bears this circuit's id: CREATED2, DESTROY, RELAY_EARLY or one that is not legal here. */
  receiveCell(command: number, body: Uint8Array): void
  /** The read that brought cells for this circuit has been worked off: time to hand the bytes on. */
  endOfPass(): void
  /** The link has room again. It may come without need: whoever waits for room asks {@link CircuitPort.room} anew. */
  roomAvailable(): void
  /** The channel is gone; no further call follows. */
  channelClosed(error: TorError): void
}

/** What a circuit sends through. After `release`, and after the channel closed, sending does nothing. */
export interface CircuitPort {
  /** The circuit id: 4 bytes with the highest bit set, as the initiator of the link chooses it. */
  readonly circuitId: number
  /** How many cells the link takes now before a writer should wait for `roomAvailable`. Control cells go regardless. */
  readonly room: number
  /** How many of the cells that went through `sendRelay` the link has taken so far. */
  readonly taken: number
  /**
   * Sends `count` cells whose encrypted bodies stand one after the other in `bodies`, in a single write to the link.
   * The first `early` of them are RELAY_EARLY cells, the others RELAY. The bytes are copied before this returns.
   */
  sendRelay(early: number, bodies: Uint8Array, count: number): void
  /** Sends one fixed-size cell; `body` is padded with zeros to 509 bytes. */
  sendCell(command: number, body: Uint8Array): void
  /**
   * Gives up the circuit id, after sending a DESTROY with reason NONE if `destroy` is true. The receiver hears nothing
   * more.
   */
  release(destroy: boolean): void
}
