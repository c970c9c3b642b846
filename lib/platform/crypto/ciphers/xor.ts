/**
 * XOR of two stretches of bytes at any alignment, by 32-bit words.
 *
 * Both sides are copied to aligned scratch memory and the result back: copying is much cheaper than XOR byte by byte,
 * and cheaper than making typed arrays over the caller's buffers for each call. (Measured; 64-bit words are slow on
 * Bun.)
 *
 * @module
 */

/** Bytes of scratch; small enough to stay in the first-level cache. */
const SCRATCH_SIZE = 4096
const left = new Uint8Array(SCRATCH_SIZE)
const right = new Uint8Array(SCRATCH_SIZE)
const leftWords = new Int32Array(left.buffer)
const rightWords = new Int32Array(right.buffer)

/** XORs `length` bytes of `keystream`, from `keystreamAt`, into `data`, from `dataAt`. */
export function xorInto(
  data: Uint8Array,
  dataAt: number,
  keystream: Uint8Array,
  keystreamAt: number,
  length: number,
): void {
  for (let done = 0; done < length; done += SCRATCH_SIZE) {
    const size = Math.min(SCRATCH_SIZE, length - done)
    const target = data.subarray(dataAt + done, dataAt + done + size)
    left.set(target)
    right.set(keystream.subarray(keystreamAt + done, keystreamAt + done + size))
    xorWords(leftWords, rightWords, (size + 3) >> 2)
    target.set(size === SCRATCH_SIZE ? left : left.subarray(0, size))
  }
}

/** XORs at least `count` words, in steps of eight; what it spoils beyond `count` is never read. */
function xorWords(a: Int32Array, b: Int32Array, count: number): void {
  for (let at = 0; at < count; at += 8) {
    a[at] = (a[at] as number) ^ (b[at] as number)
    a[at + 1] = (a[at + 1] as number) ^ (b[at + 1] as number)
    a[at + 2] = (a[at + 2] as number) ^ (b[at + 2] as number)
    a[at + 3] = (a[at + 3] as number) ^ (b[at + 3] as number)
    a[at + 4] = (a[at + 4] as number) ^ (b[at + 4] as number)
    a[at + 5] = (a[at + 5] as number) ^ (b[at + 5] as number)
    a[at + 6] = (a[at + 6] as number) ^ (b[at + 6] as number)
    a[at + 7] = (a[at + 7] as number) ^ (b[at + 7] as number)
  }
}
