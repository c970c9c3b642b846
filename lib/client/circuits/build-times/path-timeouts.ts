/**
 * What a timeout for three hops means for other lengths: circuits are built hop by hop, so that each further hop takes
 * longer than the one before (C tor, circuit_expire_building).
 *
 * @module
 */

/** The hops that timeouts are learned of. */
export const MEASURED_HOPS = 3

/** How long a circuit of more hops may take in addition, in ms, as in C tor. */
const GRACE = 1000

/** How often the cells that build a circuit of so many hops cross a link, each way. */
const crossings = (hops: number): number => (hops * (hops + 1)) / 2

/**
 * How long a circuit of so many hops may take, in ms.
 *
 * @param timeout - for three hops
 */
export function timeoutFor(hops: number, timeout: number): number {
  if (hops <= MEASURED_HOPS) return timeout
  return (timeout * crossings(hops)) / crossings(MEASURED_HOPS) + GRACE
}

/**
 * How long one hop more may take, in ms, once the others are there.
 *
 * @param hops - how many there are with it
 * @param timeout - for three hops
 */
export const timeoutForExtension = (hops: number, timeout: number): number =>
  (timeout * hops) / crossings(MEASURED_HOPS) + GRACE
