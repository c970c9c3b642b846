/**
 * The two windows of a circuit at one relay, and the SENDMEs between them (tor-spec, "Circuit-level flow control"; proposal
 * 289): 1,000 DATA cells in each direction, in steps of 100, each SENDME bearing the digest of the cell that earned it.
 *
 * Written apart from the client's own accounting, so that one checks the other.
 *
 * @module
 */
import { constantTimeEqual } from '../cell/bytes.ts'

const WINDOW = 1_000
const STEP = 100

/** The accounts of one relay for one circuit. It judges; what follows from a verdict is the circuit's business. */
export class CircuitFlow {
  /** How many DATA cells this relay may still send. Below 0 only when a spec made it send more. */
  packageWindow: number = WINDOW
  /** How many DATA cells the client may still send. Below 0 is an overrun. */
  deliverWindow: number = WINDOW
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

  /** A DATA cell was sealed; `tag` is asked for when it is one that a SENDME will answer. */
  packaged(tag: () => Uint8Array): void {
    this.packageWindow -= 1
    this.dataSent += 1
    if (this.dataSent % STEP === 0) this.#expected.push(tag())
  }

  /** A DATA cell came. Returns the tag of the SENDME that is due now, if one is. */
  delivered(tag: () => Uint8Array): Uint8Array | undefined {
    this.deliverWindow -= 1
    this.dataReceived += 1
    return this.dataReceived % STEP === 0 ? tag() : undefined
  }

  /** A SENDME of this relay leaves. */
  sendmeSent(): void {
    this.sendmesSent += 1
    this.deliverWindow += STEP
  }

  /**
   * A SENDME of the client came with `tag`, undefined for one of version 0. Returns what is wrong with it, if anything; it opens
   * the window all the same when `strict` is false.
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
    this.packageWindow += STEP
    return undefined
  }
}
