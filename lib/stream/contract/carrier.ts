/**
 * What a stream sends through and is called by: the small interface that stands for a circuit. lib/circuit implements
 * it; so may anybody else who has a circuit.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { SocketError, TorError } from '../../base/errors.ts'
import type { XonXoffParameters } from './flow-parameters.ts'
import type { StreamState } from './legality.ts'
import type { SocketCircuit, SocketInfo, StreamTraffic } from './socket-info.ts'
import type { StreamFlow } from './stream-flow.ts'

/** Whatever has a stream id: a stream, a lookup, or what is left of one after our END. */
export interface StreamEndpoint {
  /** What may arrive now; the carrier checks it before each message (see legality.ts). */
  readonly state: StreamState
  /**
   * A DATA message that is legal in this state: `length` bytes in `bodies` at `offset`. The bytes hold until
   * `endOfPass`.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when it breaks flow control.
   */
  dataArrived(bodies: Uint8Array, offset: number, length: number): void
  /**
   * Any other message that is legal in this state. `body` holds until this returns. After an END or a RESOLVED the
   * carrier frees the id.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when it breaks a rule that the table does not know.
   */
  messageArrived(command: number, body: Uint8Array): void
  /** The read of the link that brought messages for this endpoint has been worked off. */
  readProcessed(): void
  /** The circuit is gone, or there was none. */
  circuitFailed(error: TorError | SocketError): void
}

/**
 * What keeps the id of a stream after our END, and judges what may still arrive. There may be thousands on a circuit, so
 * it holds nothing of the stream.
 */
export interface HalfClosedEndpoint extends StreamEndpoint {
  /** True when nothing may arrive any more, and the id may be given to another; undefined when time does not tell. */
  readonly isExpired: boolean | undefined
}

/** An endpoint that wants a stream id. */
export interface PendingStream extends StreamEndpoint {
  /**
   * The flow control of a stream that sends DATA, as it stands on the circuit that its place is on. Who sends again
   * elsewhere what the stream sent takes credit from here, and counts it here.
   */
  readonly flow?: StreamFlow | undefined
  /** What it has carried, for whoever watches. */
  readonly traffic?: StreamTraffic | undefined
  /** The circuit is there and this is the endpoint's place on it. Called once, perhaps before `attach` returns. */
  attached(place: StreamPlace): void
  /** A stream that the far end began is taken: CONNECTED goes out. Once. */
  accepted?(info: Omit<SocketInfo, 'flowControl'>): void
  /**
   * The same place is on another circuit now, or on none until the next call, and `place.flow` says what flow control
   * that has: it begins anew, as nothing was sent there. Bytes that wait for the end of the turn go to the place at
   * once.
   */
  moved?(): void
}

/** Where streams find a place. */
export interface StreamCarrier {
  /** Assigns the stream an id as soon as the circuit is open: at once if it is. If it never is, the stream fails. */
  attach(stream: PendingStream): void
  /** The stream, which has no id yet, gives up. */
  withdraw(stream: PendingStream): void
  /** The circuit that its stream is on, for a carrier that knows. */
  readonly circuit?: SocketCircuit | undefined
  /** True when its stream belongs to an identity that the client has left behind; see `TorClient.newIdentity`. */
  readonly isOutdated?: boolean | undefined
}

/** Where the bytes of DATA cells come from as they are packed. */
export interface CellSource {
  /** Copies the next bytes, `size` of them or all that are left, into `target` at `offset`. Returns how many. */
  fill(target: Uint8Array, offset: number, size: number): number
}

/** A writer that waits for the circuit's credit. */
export interface CreditWaiter {
  /** It is this writer's turn: it may send up to `cells` DATA cells now, and calls `wait` again if it wants more. */
  grant(cells: number): void
}

/** What XON/XOFF needs to know of a circuit that runs congestion control. */
export interface XonXoffSetup {
  /** Limits in cells, and how the drain rate is measured. */
  readonly parameters: XonXoffParameters
  /** What rates are measured with. */
  readonly clock: Clock
  /** The longest round trip of the circuit so far, in ms, where it is known. */
  readonly maxRtt?: number | undefined
}

/** One stream id on one hop of a circuit. After `leave`, and after the circuit is gone, sending does nothing. */
export interface StreamPlace {
  /** The stream id, 1 to 65535. */
  readonly id: number
  /**
   * How the stream's flow is controlled: by XON/XOFF, or where this is undefined by windows. It holds from `attached`
   * on.
   */
  readonly xonXoff?: XonXoffSetup | undefined
  /**
   * How many DATA cells the circuit takes from this stream now: its own window and the room on the link. 0 while other
   * streams wait for their turn.
   */
  readonly credit: number
  /** The most bytes that a DATA cell carries. */
  readonly maxData: number
  /**
   * Undefined when all that `sendData` took is in cells of the circuit: on a circuit itself that is always so. A place
   * that stands for one circuit after the other (lib/client/attach/optimistic-replay.ts) may have to send again what an
   * earlier one got; until it has, it has no credit, and this is a promise that resolves then, or when the stream is
   * over. Whoever must be last, as `writable.close()` is, waits for it, and looks again: the circuit may have changed
   * once more.
   */
  readonly replayPending?: Promise<void> | undefined
  /**
   * A DATA cell of at most this many bytes suits the circuit at any moment: now and then it wants a short one (proposal
   * 289).
   */
  readonly shortData: number
  /** Sets one cell of credit aside for a cell that is sealed later. */
  reserve(): void
  /**
   * Packs `cells` DATA cells out of `source`, the first of them on a reserved credit if `reserved`, and sends them in
   * one go. The stream's own flow control has let them out.
   */
  sendData(source: CellSource, cells: number, reserved: boolean): void
  /** Sends one other message of this stream; it needs no credit. */
  send(command: number, body: Uint8Array): void
  /** Asks for a turn when there is credit again. A writer stands in line once, however often it asks. */
  wait(waiter: CreditWaiter): void
  /** Leaves the line. */
  unwait(waiter: CreditWaiter): void
  /**
   * The stream is over: the id is free again, or `successor` keeps it and counts what may still arrive, until an END or
   * a RESOLVED comes or it has expired. Credit that is still reserved goes back to the circuit, and nothing of the
   * stream is held any more.
   */
  leave(successor?: HalfClosedEndpoint): void
}
