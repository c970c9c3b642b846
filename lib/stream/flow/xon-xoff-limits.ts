/**
 * How many XOFFs and XONs an honest far end can have sent, given what it got: the rest are marks on the traffic
 * (proposal 324, section 4.1.4, "DropMark"). Whoever sends them loses the circuit.
 *
 * The thresholds are half of the proposal's, as in Arti: the far end counts with a consensus of its own, and C tor's
 * own thresholds have hit honest exits (torspec#371). Of XONs only advisory ones are limited, those that do not answer
 * an XOFF.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { decodeXoff, decodeXon } from '../../cell/relay/xon-xoff.ts'
import { TorError } from '../../base/errors.ts'
import { XOFF_CELL, XON_CELL, type XonXoffParameters } from '../contract/flow-parameters.ts'

export class XonXoffLimits {
  /** Bytes of DATA for each XOFF that may come. */
  readonly #bytesPerXoff: number
  /** Bytes of DATA for each advisory XON that may come. */
  readonly #bytesPerXon: number
  #sent = 0
  #xoffs = 0
  #advisoryXons = 0
  #stopped = false

  constructor({ xoffClient, xoffExit, xonRate }: XonXoffParameters) {
    this.#bytesPerXoff = Math.floor((Math.min(xoffClient, xoffExit) * XOFF_CELL) / 2)
    this.#bytesPerXon = Math.floor((xonRate * XON_CELL) / 2)
  }

  /** This many bytes of DATA were sent. */
  sent(bytes: number): void {
    this.#sent += bytes
  }

  /**
   * An XOFF or an XON came. Returns the rate that it allows, in 1000 bytes per second: 0 for an XOFF, perhaps
   * `Infinity` for an XON.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when it is malformed; an XOFF, when it is the second in a row; either, when too
   * few bytes were sent for it
   */
  receive(command: number, body: Uint8Array): number {
    const rate = rateOf(command, body)
    if (rate === 0) this.#xoff()
    else this.#xon()
    return rate
  }

  #xoff(): void {
    this.#expectData('XOFF')
    if (this.#stopped) throw violation('an XOFF after an XOFF')
    this.#stopped = true
    this.#xoffs += 1
    if (this.#sent < this.#xoffs * this.#bytesPerXoff) throw violation(`${this.#xoffs} XOFFs for ${this.#sent} bytes`)
  }

  #xon(): void {
    this.#expectData('XON')
    if (this.#stopped) {
      this.#stopped = false
      return
    }
    this.#advisoryXons += 1
    if (this.#sent < this.#advisoryXons * this.#bytesPerXon) {
      throw violation(`${this.#advisoryXons} advisory XONs for ${this.#sent} bytes`)
    }
  }

  #expectData(name: string): void {
    if (this.#sent === 0) throw violation(`an ${name} before any data was sent`)
  }
}

function rateOf(command: number, body: Uint8Array): number {
  try {
    if (command === RelayCommand.XON) return decodeXon(body)
    decodeXoff(body)
    return 0
  } catch (cause) {
    throw new TorError('CIRCUIT_PROTOCOL', 'the far end sent a malformed XON or XOFF', { cause })
  }
}

const violation = (what: string): TorError => new TorError('CIRCUIT_PROTOCOL', `the far end sent ${what}`)
