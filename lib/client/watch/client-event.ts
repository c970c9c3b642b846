/**
 * What a client tells of what happens, and to whom.
 *
 * @module
 */
import type { OptionNames } from '../../base/checks.ts'
import type { ClientStatus } from '../bootstrap/status.ts'
import type { CircuitSummary, StreamInfo } from './circuit-info.ts'

/** How a client's status has changed; what comes first. */
export interface StatusEvent {
  /** Which event it is. */
  readonly type: 'status'
  /** As `TorClient.status`. */
  readonly status: ClientStatus
}

/** How a circuit stands now; `closed` is the last that is told of it. */
export interface CircuitEvent {
  /** Which event it is. */
  readonly type: 'circuit'
  /** The circuit, without its streams. */
  readonly circuit: CircuitSummary
}

/** How a stream or a lookup stands now; `closed` is the last that is told of it. */
export interface StreamEvent {
  /** Which event it is. */
  readonly type: 'stream'
  /** The stream, with the number of its circuit. */
  readonly stream: StreamInfo
}

/** What all circuits together have carried since the event before. */
export interface BandwidthEvent {
  /** Which event it is. */
  readonly type: 'bandwidth'
  /** Bytes that came in, as of `CircuitInfo.bytesIn`. */
  readonly bytesIn: number
  /** Bytes that went out. */
  readonly bytesOut: number
  /** In how many ms. */
  readonly duration: number
}

/** Something that a client tells. */
export type ClientEvent = StatusEvent | CircuitEvent | StreamEvent | BandwidthEvent

/** Options of `TorClient.watch`. */
export interface WatchOptions {
  /** Ends the stream of events, as cancelling it does. */
  readonly signal?: AbortSignal | undefined
  /**
   * How often bytes and windows are looked at, in ms; at least 10. What changes a state is told at once.
   *
   * @defaultValue 1000
   */
  readonly interval?: number | undefined
}

/** Every option of `watch`. */
export const WATCH_OPTION_NAMES: OptionNames<WatchOptions> = { signal: true, interval: true }
