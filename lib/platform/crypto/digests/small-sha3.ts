/**
 * SHA3-256 and SHAKE256 (FIPS 202), for the few things that a handshake hashes: small rather than fast, as every page loads
 * it. What is hashed for each cell, or each relay of a network, is elsewhere: sha3.ts, onion/hashing.ts.
 *
 * @module
 */
import type { Sha3Functions } from './sha3-functions.ts'

/** Halves of the state: of each lane the low one, then the high one. */
const STATE_WORDS = 50

/** Bytes that one permutation takes in or gives out, with a capacity of 512 bits. */
const RATE = 136

/** Bytes of a digest of SHA3-256. */
const DIGEST_SIZE = 32

/** The two functions without native code. */
export const smallSha3: Sha3Functions = {
  sha3: (...parts) => sponge(0x06, parts, DIGEST_SIZE),
  shake256: (length, ...parts) => sponge(0x1f, parts, length),
}

/** The sponge (section 4); `suffix` is what tells the functions apart, and the first bit of the padding (B.2). */
function sponge(suffix: number, parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const state = new Int32Array(STATE_WORDS)
  let filled = 0
  const add = (byte: number): void => {
    const word = filled >>> 2
    state[word] = (state[word] as number) ^ (byte << (8 * (filled & 3)))
    filled += 1
  }
  for (const part of parts) {
    for (const byte of part) {
      add(byte)
      if (filled === RATE) filled = permute(state)
    }
  }
  add(suffix)
  filled = RATE - 1
  add(0x80)
  const output = new Uint8Array(length)
  for (let at = 0; at < length; at++) {
    if (at % RATE === 0) permute(state)
    const place = at % RATE
    output[at] = (state[place >>> 2] as number) >>> (8 * (place & 3))
  }
  state.fill(0)
  return output
}

/** Keccak-f[1600] (section 3.3). Returns 0, how much of the block is filled after it. */
function permute(state: Int32Array): 0 {
  const at = (word: number): number => state[word] as number
  const sums = new Int32Array(10)
  const row = new Int32Array(10)
  let register = 1
  for (let round = 0; round < 24; round++) {
    // Theta: the parity of columns.
    for (let half = 0; half < 10; half++)
      sums[half] = at(half) ^ at(half + 10) ^ at(half + 20) ^ at(half + 30) ^ at(half + 40)
    for (let word = 0; word < STATE_WORDS; word++) {
      const half = word % 10
      const next = (half + 2) % 10
      const other = next ^ 1
      const rotated = ((sums[next] as number) << 1) | ((sums[other] as number) >>> 31)
      state[word] = at(word) ^ (sums[(half + 8) % 10] as number) ^ rotated
    }
    // Rho and pi: each lane turned, to the place of another.
    let [x, y, low, high] = [1, 0, at(2), at(3)]
    for (let step = 1, turn = 1; step <= 24; step++, turn += step) {
      ;[x, y] = [y, (2 * x + 3 * y) % 5]
      const word = 2 * (x + 5 * y)
      const [nextLow, nextHigh] = [at(word), at(word + 1)]
      if ((turn & 32) !== 0) [low, high] = [high, low]
      const by = turn & 31
      // A shift by 32 would be one by 0.
      state[word] = (low << by) | (by === 0 ? 0 : high >>> (32 - by))
      state[word + 1] = (high << by) | (by === 0 ? 0 : low >>> (32 - by))
      low = nextLow
      high = nextHigh
    }
    // Chi: rows.
    for (let start = 0; start < STATE_WORDS; start += 10) {
      row.set(state.subarray(start, start + 10))
      for (let half = 0; half < 10; half++)
        state[start + half] =
          (row[half] as number) ^ (~(row[(half + 2) % 10] as number) & (row[(half + 4) % 10] as number))
    }
    // Iota: the constants, out of a register that shifts (algorithm 5).
    for (let bit = 0; bit < 7; bit++) {
      if ((register & 1) !== 0) {
        const half = bit === 6 ? 1 : 0
        state[half] = at(half) ^ (1 << ((1 << bit) - 1))
      }
      register = (register << 1) ^ ((register >>> 7) * 0x171)
    }
  }
  return 0
}
