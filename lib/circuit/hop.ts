/**
 * One hop of a circuit: its keys, its flow control, its streams. A relay speaks only for its own hop, so each has its
 * own.
 *
 * @module
 */
import { SendScheduler } from './send-scheduler.ts'
import type { FlowControl } from './flow-control.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import { StreamTable } from './stream-table.ts'

export class Hop {
  /** Where it stands in the path, from 0. */
  readonly index: number
  readonly crypto: HopCrypto
  readonly flow: FlowControl
  readonly streams: StreamTable
  readonly line: SendScheduler
  /** The digest after the last cell that went here: what the SENDME that answers it says. */
  readonly sentTag = (): Uint8Array => this.crypto.forward.digest.tag()
  /** The digest after the last cell that came from here: what a SENDME for it says. */
  readonly tag = (): Uint8Array => this.crypto.backward.digest.tag()

  constructor(index: number, crypto: HopCrypto, room: () => number, flow: FlowControl, firstStreamId?: number) {
    this.index = index
    this.crypto = crypto
    this.flow = flow
    this.streams = new StreamTable(firstStreamId)
    this.line = new SendScheduler(flow.sendWindow, room)
  }
}
