/**
 * What a stream tells of itself: where it went, and how far its flow control has gone.
 *
 * @module
 */

/** Which flow control a stream has: windows and SENDMEs, or XON/XOFF under congestion control (proposal 324). */
export type FlowControlKind = 'windows' | 'congestion-control'

/** What `opened` resolves to: the CONNECTED message, under the WinterTC names. */
export interface SocketInfo {
  /** `address:port` that the exit connected to, when it said so. */
  readonly remoteAddress: string | undefined
  /** For a visitor of an onion service the service's name and the port; otherwise undefined: this side has no address. */
  readonly localAddress: string | undefined
  /** The protocol that the server chose in the TLS handshake; undefined without TLS, or when it chose none. */
  readonly alpn: string | undefined
  /** How long the exit's name lookup holds, in seconds, when it said so. */
  readonly ttl: number | undefined
  /** What limits the stream: windows and SENDMEs, or XON/XOFF where congestion control runs on its circuit. */
  readonly flowControl: FlowControlKind
}

/** A relay of a circuit, as far as it is of interest to people. */
export interface RelayInfo {
  /** Its RSA identity in 40 hex digits in upper case. */
  readonly fingerprint: string
  /** The name that its operator gave it, where it is known. Not unique. */
  readonly nickname: string | undefined
  /** What the authorities say of it, as `Exit` or `Guard`, in the order of the alphabet. */
  readonly flags: readonly string[]
  /** Where it is, where the client was given a lookup for that. */
  readonly country: string | undefined
}

/** The circuit that a socket is on. */
export interface SocketCircuit {
  /** The number of the circuit, as in `tor.circuits`. */
  readonly id: number
  /** Its relays, guard first. */
  readonly path: readonly RelayInfo[]
}

/** What a stream has carried so far, of the application's bytes. */
export interface StreamTraffic {
  /** Bytes that have arrived. */
  readonly bytesIn: number
  /** Bytes that are in cells. */
  readonly bytesOut: number
  /** Bytes that have arrived and wait for the reader. */
  readonly waiting: number
}

/** Who has told whom to stop, under congestion control (proposal 324, section 4). */
export interface XonXoffState {
  /** We have sent an XOFF, as too much waits for the reader, and no XON since. */
  readonly xoffSent: boolean
  /** The far end has sent one, and no XON since. */
  readonly xoffReceived: boolean
}

/**
 * How far flow control has gone, for progress displays and diagnosis. Under congestion control a stream has no windows;
 * its circuit has one.
 */
export interface StreamWindows {
  /**
   * DATA cells that may still be sent before a stream SENDME must come, 0 to 500. Under congestion control 0 after an
   * XOFF, else what the rate of the last XON allows at this moment, `Infinity` without one.
   */
  readonly package: number
  /**
   * DATA cells that may still arrive before a stream SENDME of ours, 0 to 500. Under congestion control how many full
   * cells may wait for the reader before an XOFF of ours, 0 from then on until all were read.
   */
  readonly deliver: number
}
