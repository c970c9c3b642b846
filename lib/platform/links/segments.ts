/**
 * How TCP cuts what goes to a relay into segments: as for a tor client, which leaves Nagle's algorithm on. A small segment
 * waits while one that was sent before it has not been acknowledged. With `TCP_NODELAY` it would not, and sizes and times of
 * segments would tell anybody on the path which client this is.
 *
 * @module
 */

/** The part of a node:net or node:tls socket that is used. */
export interface SegmentingSocket {
  setNoDelay(on: boolean): unknown
}

/**
 * Has a connected socket send as a tor client's does. Node and Deno do so by themselves. Bun sets `TCP_NODELAY` on every
 * connection without noting it, and takes it away only from a socket on which it was set by name.
 */
export function segmentAsTor(socket: SegmentingSocket): void {
  socket.setNoDelay(true)
  socket.setNoDelay(false)
}
