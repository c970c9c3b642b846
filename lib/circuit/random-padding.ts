/**
 * The random bytes that fill up short cells (tor-spec, "Relay cells"). They are made many at a time: the system's generator
 * costs as much for one cell as the encryption of ten.
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
  if (size > POOL_SIZE - used) {
    crypto.getRandomValues(pool)
    used = 0
  }
  target.set(pool.subarray(used, used + size), start)
  used += size
}
