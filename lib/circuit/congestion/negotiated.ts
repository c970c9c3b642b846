/**
 * What a client brings to congestion control, and what a handshake makes of it (proposal 324, section 10.3).
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { XonXoffParameters } from '../../stream/contract/flow-parameters.ts'
import type { CongestionControlParameters } from './parameters.ts'

/** What a client brings to congestion control. */
export interface CongestionControlSetup {
  readonly parameters: CongestionControlParameters
  /** For the streams of the hop. */
  readonly xonXoff: XonXoffParameters
  /** What round trips, and the rates of streams, are measured with. */
  readonly clock: Clock
}

/** Congestion control as a handshake has settled it. */
export interface NegotiatedCongestionControl extends CongestionControlSetup {
  /** How many cells a circuit SENDME stands for, in both directions. */
  readonly increment: number
}
