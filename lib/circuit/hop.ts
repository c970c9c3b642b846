/**
 * One hop of a circuit: its keys, its windows, its streams. A relay speaks only for its own hop, so each has its own.
 *
 * @module
 */
import { CIRCUIT_WINDOW, ReceiveWindow } from '../stream/windows.ts'
import { CreditLine } from './credit-line.ts'
import type { HopCrypto } from './hop-crypto.ts'
import { AuthenticatedSendWindow, UnsentSendmes } from './sendme.ts'
import { StreamTable } from './stream-table.ts'

export class Hop {
  /** Where it stands in the path, from 0. */
  readonly index: number
  readonly crypto: HopCrypto
  readonly sendWindow: AuthenticatedSendWindow = new AuthenticatedSendWindow()
  readonly receiveWindow: ReceiveWindow = new ReceiveWindow(CIRCUIT_WINDOW)
  readonly unsentSendmes: UnsentSendmes = new UnsentSendmes()
  readonly streams: StreamTable
  readonly line: CreditLine
  /** The digest after the last cell that went here: what the SENDME that answers it says. */
  readonly sentTag = (): Uint8Array => this.crypto.forward.digest.tag()
  /** The digest after the last cell that came from here: what a SENDME for it says. */
  readonly tag = (): Uint8Array => this.crypto.backward.digest.tag()

  constructor(index: number, crypto: HopCrypto, room: () => number, firstStreamId?: number) {
    this.index = index
    this.crypto = crypto
    this.streams = new StreamTable(firstStreamId)
    this.line = new CreditLine(this.sendWindow, room)
  }
}
