/**
 * The flow control of a stream at the exit: windows of its own (tor-spec, "Stream-level flow control"), or XOFF and XON
 * where the circuit is under congestion control (proposal 324 section 4.1).
 *
 * Written apart from the client's own accounting, so that one checks the other.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { decodeXoff, decodeXon, encodeXoff, encodeXon } from '../../cell/relay/xon-xoff.ts'
import type { CongestionControlKnobs } from './congestion-control-knobs.ts'
import { XonXoffJudge } from './xon-xoff-judge.ts'

/** Cells of a stream's window in each direction, and those that one SENDME stands for. */
const WINDOW = 500
const STEP = 50

/** What flow control asks of its stream. */
export interface ExitFlowHost {
  /** False for a relay that does not enforce the rules. */
  readonly strict: boolean
  /** False once the stream is over: then nothing more may be sent. */
  readonly open: boolean
  /** Sends a message of the stream. */
  send(command: number, body: Uint8Array): void
  /** A SENDME is due. Returns false to hold it back. */
  mayAcknowledge(): boolean
}

/** The accounts of one stream. They judge; what follows from a verdict is the circuit's business. */
export abstract class ExitStreamFlow {
  /** How many cells the relay may still send. Under congestion control 0 between XOFF and XON, otherwise Infinity. */
  packageWindow: number = Infinity
  /** How many cells the client may still send; below 0 is an overrun. Infinity under congestion control. */
  deliverWindow: number = Infinity
  /** SENDMEs that came. */
  sendmesReceived = 0
  /** SENDMEs that were sent. */
  sendmesSent = 0
  /** SENDMEs that are due and held back. */
  sendmesWithheld = 0
  /** XOFFs that came. */
  xoffsReceived = 0
  /** The rates of the XONs that came, in 1,000 bytes a second; Infinity for none. They are not obeyed. */
  readonly xonsReceived: number[] = []
  /** XOFFs that were sent. */
  xoffsSent = 0
  /** XONs that were sent. */
  xonsSent = 0

  /** A DATA cell of the stream was sealed, with this many bytes. */
  abstract packaged(bytes: number): void
  /** DATA came, and `waiting` bytes wait for the destination now. Returns what is wrong, if anything. */
  abstract received(waiting: number): string | undefined
  /** The destination has taken `cells` cells, and `waiting` bytes still wait for it. */
  abstract consumed(cells: number, waiting: number): void
  /** SENDME, XOFF or XON came. Returns what is wrong with it, if anything. */
  abstract receive(command: number, body: Uint8Array): string | undefined
  /** A message of flow control has left, be it that a spec made it. */
  abstract sent(command: number): void
}

/** 500 cells in each direction, in steps of 50. */
export class WindowExitFlow extends ExitStreamFlow {
  override packageWindow: number = WINDOW
  override deliverWindow: number = WINDOW
  readonly #host: ExitFlowHost
  /** Cells taken that no SENDME has answered. */
  #unacknowledged = 0

  constructor(host: ExitFlowHost) {
    super()
    this.#host = host
  }

  packaged(): void {
    this.packageWindow -= 1
  }

  received(): string | undefined {
    this.deliverWindow -= 1
    return this.deliverWindow < 0 && this.#host.strict ? 'DATA beyond the window of its stream' : undefined
  }

  consumed(cells: number): void {
    this.#unacknowledged += cells
    while (this.#unacknowledged >= STEP) {
      this.#unacknowledged -= STEP
      if (this.#host.open && this.#host.mayAcknowledge()) this.#host.send(RelayCommand.SENDME, new Uint8Array(0))
    }
  }

  receive(command: number): string | undefined {
    const { strict } = this.#host
    if (command !== RelayCommand.SENDME) return strict ? 'XOFF or XON without congestion control' : undefined
    if (this.packageWindow + STEP > WINDOW && strict) return 'a SENDME that the stream has not earned'
    this.sendmesReceived += 1
    this.packageWindow += STEP
    return undefined
  }

  sent(command: number): void {
    if (command !== RelayCommand.SENDME) return
    this.sendmesSent += 1
    this.deliverWindow += STEP
  }
}

/**
 * XOFF when too much waits for the destination, XON when nothing does; and as the client says in the other direction.
 */
export class XonXoffExitFlow extends ExitStreamFlow {
  readonly #host: ExitFlowHost
  readonly #knobs: CongestionControlKnobs
  readonly #judge: XonXoffJudge
  #clientStopped = false

  constructor(host: ExitFlowHost, knobs: CongestionControlKnobs) {
    super()
    this.#host = host
    this.#knobs = knobs
    this.#judge = new XonXoffJudge(knobs)
  }

  packaged(bytes: number): void {
    this.#judge.sent(bytes)
  }

  received(waiting: number): string | undefined {
    if (waiting > this.#knobs.xoffLimit && !this.#clientStopped && this.#host.open)
      this.#host.send(RelayCommand.XOFF, encodeXoff())
    return undefined
  }

  consumed(_cells: number, waiting: number): void {
    if (waiting === 0 && this.#clientStopped && this.#host.open)
      this.#host.send(RelayCommand.XON, encodeXon(this.#knobs.xonRate))
  }

  receive(command: number, body: Uint8Array): string | undefined {
    const problem = this.#take(command, body)
    return this.#host.strict ? problem : undefined
  }

  sent(command: number): void {
    if (command === RelayCommand.XOFF) {
      this.xoffsSent += 1
      this.#clientStopped = true
    } else if (command === RelayCommand.XON) {
      this.xonsSent += 1
      this.#clientStopped = false
    } else {
      this.sendmesSent += 1
    }
  }

  #take(command: number, body: Uint8Array): string | undefined {
    if (command === RelayCommand.SENDME) return 'a stream SENDME under congestion control'
    try {
      if (command === RelayCommand.XON) {
        this.xonsReceived.push(decodeXon(body))
        this.packageWindow = Infinity
        return this.#judge.xon()
      }
      decodeXoff(body)
    } catch {
      return 'a malformed XOFF or XON'
    }
    this.xoffsReceived += 1
    this.packageWindow = 0
    return this.#judge.xoff()
  }
}
