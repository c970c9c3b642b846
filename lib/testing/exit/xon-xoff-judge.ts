/**
 * Whether the XOFFs and XONs of a client are such as an honest one can have sent, given what it got (proposal 324,
 * section 4.1.4). The measure is C tor's (src/core/or/congestion_control_flow.c), which it applies to what an exit
 * sends: twice as strict as what a client of this library allows an exit, and it limits every XON, also those that
 * answer an XOFF.
 *
 * Written apart from the client's own limits, so that one checks the other.
 *
 * @module
 */

/** Messages of one kind, and bytes, at which all counts are halved: what happened long ago earns nothing any more. */
const HALVE_AT_MESSAGES = 200
const HALVE_AT_BYTES = 10 * 1024 * 1024

/** How many bytes earn a message. */
export interface XonXoffAllowance {
  /** Bytes of DATA that the client got for each XOFF that it may send. */
  readonly bytesPerXoff: number
  /** Bytes of DATA that the client got for each XON that it may send. */
  readonly bytesPerXon: number
}

/** The account of one stream. It judges; what follows from a verdict is the circuit's business. */
export class XonXoffJudge {
  readonly #allowance: XonXoffAllowance
  #bytes = 0
  #xoffs = 0
  #xons = 0
  #stopped = false

  /** @param allowance read at each message */
  constructor(allowance: XonXoffAllowance) {
    this.#allowance = allowance
  }

  /** This many bytes of DATA were sent to the client. */
  sent(bytes: number): void {
    if (this.#bytes + bytes >= HALVE_AT_BYTES) this.#halve()
    this.#bytes += bytes
  }

  /** The client sent an XOFF. Returns what is wrong with it, if anything. */
  xoff(): string | undefined {
    if (this.#stopped) return 'XOFF twice'
    this.#stopped = true
    if (this.#xoffs === HALVE_AT_MESSAGES) this.#halve()
    this.#xoffs += 1
    return this.#earned(this.#xoffs, this.#allowance.bytesPerXoff) ? undefined : `XOFF for ${this.#bytes} bytes`
  }

  /** The client sent an XON. Returns what is wrong with it, if anything. */
  xon(): string | undefined {
    this.#stopped = false
    if (this.#xons === HALVE_AT_MESSAGES) this.#halve()
    this.#xons += 1
    return this.#earned(this.#xons, this.#allowance.bytesPerXon) ? undefined : `XON for ${this.#bytes} bytes`
  }

  #earned(messages: number, each: number): boolean {
    return this.#bytes > 0 && this.#bytes >= messages * each
  }

  #halve(): void {
    this.#bytes = Math.floor(this.#bytes / 2)
    this.#xoffs = Math.floor(this.#xoffs / 2)
    this.#xons = Math.floor(this.#xons / 2)
  }
}
