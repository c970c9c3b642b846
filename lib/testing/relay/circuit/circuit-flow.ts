/**
 * The accounts of a circuit at one relay, and the SENDMEs between the two ends (tor-spec, "Circuit-level flow control";
 * proposals 289 and 324): so many DATA cells may be on their way in each direction, and each step of them earns a
 * SENDME with the digest of the cell that earned it. What the two kinds of flow control differ in is numbers.
 *
 * Written apart from the client's own accounting, so that one checks the other.
 *
 * @module
 */
import { constantTimeEqual } from '../../../cell/bytes.ts'
import { RelayCommand } from '../../../cell/commands.ts'

/** The numbers of a circuit's flow control, in cells. */
export interface CircuitFlowRules {
  /** Which kind it is. */
  readonly kind: 'windows' | 'congestion-control'
  /** How many cells each SENDME stands for. */
  readonly step: number
  /** How many cells the relay may have on their way. */
  readonly window: number
}

/** Fixed windows of so many cells for both sides, in steps of 100. */
export const windowRules = (window: number): CircuitFlowRules => ({ kind: 'windows', step: 100, window })

/** Under congestion control it is a client's own affair how many cells it has on their way: the account only tells. */
const CLIENT_ACCOUNT = 1_000

/** The accounts of one relay for one circuit. It judges; what follows from a verdict is the circuit's business. */
export class CircuitFlow {
  /** The numbers. Fixed windows unless congestion control was negotiated. */
  readonly rules: CircuitFlowRules
  /** How many DATA cells this relay may still send. Below 0 only when a spec made it send more. */
  packageWindow: number
  /**
   * How many DATA cells the client may still send: of fixed windows at first as many as the relay, of congestion control
   * 1,000. Below 0 is an overrun of fixed windows.
   */
  deliverWindow: number
  /** DATA cells that the client sent to this relay. */
  dataReceived = 0
  /** DATA cells that this relay sent. */
  dataSent = 0
  /** Circuit SENDMEs that were right. */
  sendmesReceived = 0
  /** Circuit SENDMEs that this relay sent. */
  sendmesSent = 0
  /** The tags of the SENDMEs that are due but withheld, the oldest first. */
  readonly withheld: Uint8Array[] = []
  /** The tags that the client's next SENDMEs must bear. */
  readonly #expected: Uint8Array[] = []

  constructor(rules: CircuitFlowRules) {
    this.rules = rules
    this.packageWindow = rules.window
    this.deliverWindow = rules.kind === 'windows' ? rules.window : CLIENT_ACCOUNT
  }

  /** A DATA cell was sealed; `tag` is asked for when it is one that a SENDME will answer. */
  packaged(tag: () => Uint8Array): void {
    this.packageWindow -= 1
    this.dataSent += 1
    if (this.dataSent % this.rules.step === 0) this.#expected.push(tag())
  }

  /** A message of this relay was sealed. */
  sealed(command: number, streamId: number, tag: () => Uint8Array): void {
    if (command === RelayCommand.DATA) this.packaged(tag)
    else if (command === RelayCommand.SENDME && streamId === 0) this.sendmeSent()
  }

  /** A DATA cell came. Returns the tag of the SENDME that is due now, if one is. */
  delivered(tag: () => Uint8Array): Uint8Array | undefined {
    this.deliverWindow -= 1
    this.dataReceived += 1
    return this.dataReceived % this.rules.step === 0 ? tag() : undefined
  }

  /** True when the client has sent more than it may. */
  get overrun(): boolean {
    return this.rules.kind === 'windows' && this.deliverWindow < 0
  }

  /** A SENDME of this relay leaves. */
  sendmeSent(): void {
    this.sendmesSent += 1
    this.deliverWindow += this.rules.step
  }

  /**
   * A SENDME of the client came with `tag`, undefined for one of version 0. Returns what is wrong with it, if anything;
   * it opens the window all the same when `strict` is false.
   */
  acknowledged(tag: Uint8Array | undefined, strict: boolean): string | undefined {
    const expected = this.#expected.shift()
    const problem =
      expected === undefined
        ? 'a SENDME that no cell has earned'
        : tag === undefined
          ? 'a SENDME without a tag'
          : constantTimeEqual(tag, expected)
            ? undefined
            : 'a SENDME with a wrong tag'
    if (problem !== undefined && strict) return problem
    this.sendmesReceived += 1
    this.packageWindow += this.rules.step
    return undefined
  }
}
