/**
 * The flow control of one hop: how many DATA cells may be sent to it and may come from it, and what follows from that.
 * There are two kinds: fixed windows (tor-spec, "Flow control"), and congestion control (proposal 324), which the hop's
 * handshake negotiates.
 *
 * @module
 */
import type { XonXoffSetup } from '../stream/contract/carrier.ts'
import { CIRCUIT_WINDOW, ReceiveWindow } from '../stream/flow/windows.ts'
import { CongestionWindow } from './congestion/congestion-window.ts'
import type { NegotiatedCongestionControl } from './congestion/negotiated.ts'
import { AuthenticatedSendWindow, UnsentSendmes } from './congestion/sendme.ts'
import { ShortCells } from './short-cells.ts'

/** Credit towards a hop, which circuit SENDMEs renew. */
export interface SendCredit {
  /** DATA cells that may be sent now. */
  readonly available: number
  /**
   * One DATA cell is sealed. `tag` is asked for when a SENDME will answer this very cell. Throws a RangeError without
   * credit, unless it was set aside before: a window that shrinks does not take back what it has given.
   */
  take(tag: () => Uint8Array, setAside?: boolean): void
  /** A circuit SENDME came. Throws `CIRCUIT_PROTOCOL` or `CELL_MALFORMED` when it is not the one that is due. */
  acknowledge(body: Uint8Array): void
}

/** How congestion control sees a path (proposal 324, section 3). */
export interface CongestionState {
  /** The congestion window: how many DATA cells may be on their way, as it is now. */
  readonly cwnd: number
  /** DATA cells that were sent and not acknowledged. */
  readonly inflight: number
  /** The smoothed round-trip time in ms; undefined before the first measurement. */
  readonly rtt: number | undefined
  /** True until the first sign of a queue. */
  readonly inSlowStart: boolean
}

/** The flow control of one hop. */
export interface FlowControl {
  /** What the streams of the hop need for XON/XOFF, which comes with congestion control; undefined for windows. */
  readonly xonXoff: XonXoffSetup | undefined
  /** Undefined for windows. */
  readonly congestion: CongestionState | undefined
  readonly sendWindow: SendCredit
  readonly receiveWindow: ReceiveWindow
  readonly unsentSendmes: UnsentSendmes
  readonly shortCells: ShortCells
}

/**
 * The most DATA cells that a relay is taken to have on their way to a client, 20 MB: congestion control itself knows no
 * limit. It bounds nothing but how many SENDMEs may wait for a link that takes nothing.
 */
const LARGEST_FLIGHT = 40_000

/**
 * Windows in steps of 100 cells. What may arrive is always 1000: a relay may go by another consensus than this side, and
 * C tor lets its relays have as many whatever the consensus says (`CIRCWINDOW_START`).
 *
 * @param packageWindow - the most cells that may be sent before a SENDME, 100 to 1000
 */
export function fixedWindows(packageWindow: number = CIRCUIT_WINDOW.cells): FlowControl {
  const { cells, step } = CIRCUIT_WINDOW
  return {
    xonXoff: undefined,
    congestion: undefined,
    sendWindow: new AuthenticatedSendWindow(packageWindow),
    receiveWindow: new ReceiveWindow(CIRCUIT_WINDOW),
    unsentSendmes: new UnsentSendmes(cells / step),
    shortCells: new ShortCells(),
  }
}

/**
 * A congestion window in one direction. In the other the relay has its own, and SENDMEs by the increment: as they
 * follow receipt at once, the window of what may arrive is never used up.
 *
 * @param isBlocked whether the link takes no cells now
 */
export function congestionControlled(negotiated: NegotiatedCongestionControl, isBlocked: () => boolean): FlowControl {
  const { parameters, xonXoff, increment, clock } = negotiated
  const sendWindow = new CongestionWindow(parameters, increment, clock, isBlocked)
  return {
    xonXoff: {
      parameters: xonXoff,
      clock,
      get maxRtt(): number {
        return sendWindow.maxRtt
      },
    },
    congestion: sendWindow,
    sendWindow,
    receiveWindow: new ReceiveWindow({ cells: CIRCUIT_WINDOW.cells, step: increment }),
    unsentSendmes: new UnsentSendmes(Math.ceil(LARGEST_FLIGHT / increment)),
    shortCells: new ShortCells(),
  }
}
