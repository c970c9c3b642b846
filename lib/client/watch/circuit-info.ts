/**
 * What a client shows of its circuits and streams: plain frozen objects that hold for the moment they were made in, and
 * that survive JSON and structured cloning.
 *
 * @module
 */
import type { RelayInfo } from '../../stream/contract/socket-info.ts'
import type { CircuitPurpose } from '../circuits/seen-circuit.ts'

/**
 * - `building`
 * - `open`: streams may come
 * - `retired`: it keeps the streams that it has, and takes no more
 * - `closed`: told by `TorClient.watch` only
 */
export type CircuitState = 'building' | 'open' | 'retired' | 'closed'

/** The flow control of a circuit, with its last relay. */
export type CircuitFlow =
  | {
      /** Fixed windows. */
      readonly kind: 'windows'
      /** DATA cells that may still be sent, 0 to 1000. */
      readonly package: number
      /** DATA cells that may still arrive, 0 to 1000. A circuit's SENDMEs follow receipt. */
      readonly deliver: number
    }
  | {
      /** Congestion control. */
      readonly kind: 'congestion-control'
      /** How many DATA cells may be on their way, as it is now. */
      readonly cwnd: number
      /** DATA cells that were sent and not acknowledged. */
      readonly inflight: number
      /** The smoothed round-trip time in ms; undefined before the first measurement. */
      readonly rtt: number | undefined
      /** True until the first sign of a queue. */
      readonly inSlowStart: boolean
    }

/** A circuit without its streams. */
export interface CircuitSummary {
  /** Its number: of this client's only, and never used again. */
  readonly id: number
  /** What it is for: streams of the application, or a relay's own directory. */
  readonly purpose: CircuitPurpose
  /** How far it is. */
  readonly state: CircuitState
  /** The relays that it leads through, or shall lead through, guard first. */
  readonly path: readonly RelayInfo[]
  /** How many of them it has reached so far. */
  readonly hops: number
  /** Undefined until it is open. */
  readonly flow: CircuitFlow | undefined
  /** Bytes on the link that came in, in relay cells of 514 bytes; the circuit's own upkeep included. */
  readonly bytesIn: number
  /** As {@link bytesIn}, for what went out. */
  readonly bytesOut: number
  /** How long ago it was begun, in ms. */
  readonly age: number
}

/** A circuit with its streams. */
export interface CircuitInfo extends CircuitSummary {
  /** Streams and lookups that are on it. Those of the client itself, for its directory, are not shown. */
  readonly streams: readonly StreamInfo[]
}

/**
 * - `waiting`: for a circuit
 * - `connecting`: the exit has been asked; or, of a visitor of a service, the application has not taken it yet
 * - `open`
 * - `closed`: told by `TorClient.watch` only
 */
export type StreamState = 'waiting' | 'connecting' | 'open' | 'closed'

/** The flow control of a stream. */
export type StreamFlowInfo =
  | {
      /** Fixed windows. */
      readonly kind: 'windows'
      /** DATA cells that may still be sent, 0 to 500. */
      readonly package: number
      /** DATA cells that may still arrive, 0 to 500: it falls to 0 when nobody reads. */
      readonly deliver: number
    }
  | {
      /** XON and XOFF, on a circuit with congestion control. */
      readonly kind: 'congestion-control'
      /** The far end has been told to stop, as too much waits for the reader. */
      readonly xoffSent: boolean
      /** The far end has told us to stop. */
      readonly xoffReceived: boolean
    }

/** A stream or a lookup; or the stream of a visitor of an onion service of this client. */
export interface StreamInfo {
  /** Its number: of this client's only, and never used again. */
  readonly id: number
  /** The number of the circuit that it is on, or was on last; undefined before it has one. */
  readonly circuit: number | undefined
  /** `host:port`, or the name or address that is looked up; of a visitor the service's own name. */
  readonly target: string
  /** How far it is. */
  readonly state: StreamState
  /** Undefined for a lookup, and until there is a circuit. */
  readonly flow: StreamFlowInfo | undefined
  /** Bytes of the application that arrived. */
  readonly bytesIn: number
  /** Bytes of the application that are in cells. */
  readonly bytesOut: number
  /** Bytes that arrived and wait for the reader. */
  readonly waiting: number
}
