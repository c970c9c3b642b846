/**
 * How a test relay does congestion control (proposal 324).
 *
 * @module
 */

/**
 * The knobs. Each may be turned at any time and concerns what happens from then on; what says so, the circuits of then.
 */
export interface CongestionControlKnobs {
  /** Whether it agrees when a client asks for congestion control. */
  enabled: boolean
  /**
   * How many cells a circuit SENDME stands for, in both directions, 1 to 255: what the relay answers to new circuits.
   */
  increment: number
  /** The congestion window of new circuits, in cells. It stays as it is: there is no algorithm. */
  cwnd: number
  /** A stream is told to stop when more than this many bytes of it wait for the destination. */
  xoffLimit: number
  /** The rate in its XONs, in 1,000 bytes a second: a whole number, or Infinity for none. */
  xonRate: number
  /** It closes the circuit when a client got fewer bytes of a stream than this for each XOFF that it sent. */
  bytesPerXoff: number
  /** The same for XONs. */
  bytesPerXon: number
}

/** What a relay begins with; the limits are 500 cells of 488 bytes, as the public network has them. */
export const congestionControlKnobs = (enabled: boolean): CongestionControlKnobs => ({
  enabled,
  increment: 31,
  cwnd: 1_000,
  xoffLimit: 500 * 488,
  xonRate: Infinity,
  bytesPerXoff: 500 * 488,
  bytesPerXon: 500 * 488,
})
