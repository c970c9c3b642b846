/**
 * The bytes that are sent in memory: a fixed pattern, so that a lost, doubled or misplaced piece shows.
 *
 * @module
 */
import { pattern } from '../../lib/testing/exit/exits.ts'

/** A prime number: the pattern repeats after so many bytes. */
const PERIOD = 65_521

/** The longest piece that {@link payload} gives, in bytes. */
export const LONGEST_PIECE = 65_536

const bytes = pattern(0, PERIOD + LONGEST_PIECE)

/** `length` bytes of the payload from `offset` on, as a view that is not to be written to. */
export function payload(offset: number, length: number): Uint8Array<ArrayBuffer> {
  if (length > LONGEST_PIECE) throw new RangeError(`Cannot give more than ${LONGEST_PIECE} bytes at once: ${length}`)
  const start = offset % PERIOD
  return bytes.subarray(start, start + length)
}
