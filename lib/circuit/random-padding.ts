/**
 * The random bytes that fill up short cells (tor-spec, "Relay cells") and choose which cells are short
 * (short-cells.ts). They are made many at a time: the system's generator costs as much for one cell as the encryption
 * of ten.
 *
 * @module
 */

/** Bytes that are made at a time: for some 64 messages without a body. */
const POOL_SIZE = 32_768

/** What is ahead of `used` was given out, and is given out only once. */
const pool = new Uint8Array(POOL_SIZE)
let used = POOL_SIZE

/** Fills `target` from `start` to `end` with random bytes, at most a cell's. */
export function fillRandom(target: Uint8Array, start: number, end: number): void {
  const size = end - start
  ensure(size)
  target.set(pool.subarray(used, used + size), start)
  used += size
}

/** One random byte. */
export function randomByte(): number {
  ensure(1)
  return pool[used++] as number
}

/** A whole number from 0 to below the limit, which is at most 256; each as likely as the others. */
export function randomBelow(limit: number): number {
  const most = 256 - (256 % limit)
  for (;;) {
    const byte = randomByte()
    if (byte < most) return byte % limit
  }
}

function ensure(size: number): void {
  if (size <= POOL_SIZE - used) return
  crypto.getRandomValues(pool)
  used = 0
}
