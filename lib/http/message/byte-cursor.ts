/**
 * Bytes that arrived and are taken piece by piece.
 *
 * @module
 */

/** Bytes that arrived, and how many of them were taken. */
export interface ByteCursor {
  bytes: Uint8Array
  /** The first byte that was not taken yet; `bytes.length` when all were. */
  at: number
}

/** Takes at most `limit` bytes, as a view; undefined instead of none. */
export function takeUpTo(input: ByteCursor, limit: number): Uint8Array | undefined {
  const end = Math.min(input.bytes.length, input.at + limit)
  if (end === input.at) return undefined
  const piece = input.bytes.subarray(input.at, end)
  input.at = end
  return piece
}
