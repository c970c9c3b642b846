/**
 * The digest of a long text, in slices: other tasks have their turn between them.
 *
 * @module
 */
import { type SliceOptions, Slices } from '../../base/waiting/slices.ts'

/** A hash that is fed piece by piece. */
export interface TextHash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/** How documents are read that are known by their SHA-256. */
export interface HashOptions extends SliceOptions {
  /** Makes a hash by SHA-256. By default in JavaScript. */
  readonly newSha256?: (() => TextHash) | undefined
}

/** How much is hashed before other tasks have their turn, in characters or bytes: about a ms in JavaScript, and ten where nothing is compiled yet. */
export const HASHED_A_SLICE = 32_768

/** How much is encoded at a time, into the same bytes again and again, and the most bytes of a character (UTF-8). */
const ENCODED_AT_ONCE = HASHED_A_SLICE
const BYTES_OF_A_CHARACTER = 3

/** The digest of the first `end` bytes, or of so many characters in UTF-8. */
export async function hashText(
  hash: TextHash,
  text: string | Uint8Array,
  end: number,
  options: SliceOptions = {},
): Promise<Uint8Array> {
  if (typeof text !== 'string') return hashBytes(hash, text, end, options)
  const slices = new Slices(HASHED_A_SLICE, options)
  const encoder = new TextEncoder()
  const bytes = new Uint8Array(BYTES_OF_A_CHARACTER * Math.min(end, ENCODED_AT_ONCE))
  for (let at = 0; at < end;) {
    if (slices.isFull(at === 0 ? 0 : ENCODED_AT_ONCE)) await slices.pause()
    const next = Math.min(at + ENCODED_AT_ONCE, end)
    // A character of two halves stays whole.
    const cut = next < end && (text.charCodeAt(next - 1) & 0xfc00) === 0xd800 ? next - 1 : next
    hash.update(bytes.subarray(0, encoder.encodeInto(text.slice(at, cut), bytes).written))
    at = cut
  }
  return hash.digest()
}

async function hashBytes(hash: TextHash, bytes: Uint8Array, end: number, options: SliceOptions): Promise<Uint8Array> {
  const slices = new Slices(HASHED_A_SLICE, options)
  for (let at = 0; at < end; at += HASHED_A_SLICE) {
    if (slices.isFull(at === 0 ? 0 : HASHED_A_SLICE)) await slices.pause()
    hash.update(bytes.subarray(at, Math.min(at + HASHED_A_SLICE, end)))
  }
  return hash.digest()
}
