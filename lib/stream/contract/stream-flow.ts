/**
 * The flow control of one stream on one circuit: what limits its sending, and what judges its receiving. There are two
 * kinds, and the stream does not know which it has: windows and SENDMEs (window-flow.ts), and XON/XOFF where congestion
 * control runs on the circuit (xon-xoff-flow.ts).
 *
 * @module
 */
import type { StreamStates } from './legality.ts'
import type { FlowControlKind, StreamWindows, XonXoffState } from './socket-info.ts'

/** Whoever has something to send and waits until flow control allows it. */
export interface FlowWaiter {
  /** A cell may be sent now; call `wait` again when that is not enough. */
  flowOpened(): void
}

/** What flow control needs of its stream. */
export interface FlowOwner {
  /** Bytes that arrived and wait for the application. */
  readonly waiting: number
  /** Sends a message of the stream. */
  send(command: number, body: Uint8Array): void
}

/** The flow control of one stream on one circuit. */
export interface StreamFlow {
  /** Which flow control it is. */
  readonly kind: FlowControlKind
  /** What the stream's states are called under this kind (see legality.ts). */
  readonly states: StreamStates
  /** How far flow control has gone, for people. */
  readonly windows: StreamWindows
  /** Under congestion control: an XOFF of ours went out, and no XON since; one of the far end's came. */
  readonly xonXoff?: XonXoffState | undefined

  // Sending.

  /** DATA cells that may be sent now; perhaps `Infinity`. */
  readonly available: number
  /**
   * DATA cells are about to be sent.
   *
   * @throws RangeError when they have no credit
   */
  takeCredit(cells: number): void
  /** They were sent, with this many bytes in them. */
  bytesSent(bytes: number): void
  /**
   * Nothing is available: `waiter` wants to know when that changes. It waits once, however often it asks, and until
   * `stop`.
   */
  wait(waiter: FlowWaiter): void

  // Receiving.

  /**
   * A message of flow control that is legal in the stream's state.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`
   */
  messageArrived(command: number, body: Uint8Array): void
  /**
   * A DATA cell came, with this many bytes.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`
   */
  dataArrived(bytes: number): void
  /** The application took the next `bytes` bytes, or never will; 0 when nothing waits before cells that have none. */
  bytesConsumed(bytes: number): void
  /** The read of the link that brought cells has been worked off, and the application has what it had asked for. */
  readProcessed(): void

  // The end.

  /** The stream is over, or is on another circuit now. No timer is left, and nobody is called. */
  stop(): void
  /** As {@link stop}, where our END is sent: what judges whatever still arrives. */
  late(): HalfClosedRules
}

/** What may still arrive for a stream after our END. */
export interface HalfClosedRules {
  /** What the stream's states are called (see legality.ts). */
  readonly states: StreamStates
  /** True when nothing may come any more; undefined when it is not time that tells. */
  readonly isExpired: boolean | undefined
  /**
   * A DATA cell came.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`
   */
  data(): void
  /**
   * Another message came that is legal in the stream's state.
   *
   * @throws TorError `CIRCUIT_PROTOCOL`
   */
  message(command: number, body: Uint8Array): void
}
