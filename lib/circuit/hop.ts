/**
 * One hop of a circuit: its keys, its flow control, its streams. A relay speaks only for its own hop, so each has its
 * own.
 *
 * @module
 */
import type { RelayPortPolicy } from '../relay.ts'
import { SendScheduler } from './send-scheduler.ts'
import type { FlowControl } from './flow-control.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import { StreamTable } from './stream-table.ts'

/**
 * Whoever speaks with a relay about introductions and rendezvous. It throws `CIRCUIT_PROTOCOL` at what is not its turn. If it
 * returns a promise, what follows the message waits for that, and a rejection is as if it had thrown.
 */
export type Conversation = (command: number, body: Uint8Array) => Promise<void> | void

/** Whoever takes the streams that a hop begins, with the ids that it chose. It throws `CIRCUIT_PROTOCOL`. */
export type StreamAcceptor = (streamId: number, body: Uint8Array) => void

export class Hop {
  /** Where it stands in the path, from 0. */
  readonly index: number
  readonly crypto: HopCrypto
  readonly flow: FlowControl
  readonly streams: StreamTable
  readonly line: SendScheduler
  /** To which ports its relay lets streams out over IPv6, where that is known. */
  exitPolicyIPv6: RelayPortPolicy | undefined
  /** Who hears its messages about introductions and rendezvous. Without anybody it may send none. */
  conversation: Conversation | undefined
  /** Who takes the streams that it begins: only a client of an onion service may begin any. */
  acceptor: StreamAcceptor | undefined
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
