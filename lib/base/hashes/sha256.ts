/**
 * SHA-256 (FIPS 180-4) in JavaScript: for what is short, and for what cannot wait for WebCrypto, whose digests are promises.
 *
 * @module
 */
import { BLOCK_SIZE, BlockHash } from './block-hash.ts'

/** Words of the state. */
const STATE_WORDS = 8

/** Steps that a block takes, each with a word of its own. */
const STEPS = 64

/**
 * The first 32 bits of the fractional parts of roots of the first primes, from which all constants are made. A root has 35 bits
 * that count, of the 53 that it is computed with.
 */
function fractionsOfRoots(count: number, root: (prime: number) => number): Int32Array {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32)
}

/** The state of nothing (section 5.3.3). */
const INITIAL = /* @__PURE__ */ fractionsOfRoots(STATE_WORDS, Math.sqrt)

/** What each step adds (section 4.2.2). */
const CONSTANTS = /* @__PURE__ */ fractionsOfRoots(STEPS, Math.cbrt)

/** The message schedule, of no use between two calls. */
const schedule = /* @__PURE__ */ new Int32Array(STEPS)

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The block function (section 6.2.2). */
function compress(state: Int32Array, view: DataView, from: number, to: number): void {
  for (let block = from; block < to; block += BLOCK_SIZE) {
    for (let step = 0; step < 16; step++) schedule[step] = view.getInt32(block + 4 * step)
    for (let step = 16; step < STEPS; step++) {
      const early = schedule[step - 15] as number
      const late = schedule[step - 2] as number
      const sum = (rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)) + (schedule[step - 16] as number)
      schedule[step] =
        (sum + (rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)) + (schedule[step - 7] as number)) | 0
    }
    let a = state[0] as number
    let b = state[1] as number
    let c = state[2] as number
    let d = state[3] as number
    let e = state[4] as number
    let f = state[5] as number
    let g = state[6] as number
    let h = state[7] as number
    for (let step = 0; step < STEPS; step++) {
      const mixed = (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g)))
      const sum = (h + mixed + (CONSTANTS[step] as number) + (schedule[step] as number)) | 0
      const other = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) | (c & (a | b)))
      h = g
      g = f
      f = e
      e = (d + sum) | 0
      d = c
      c = b
      b = a
      a = (sum + other) | 0
    }
    state[0] = (a + (state[0] as number)) | 0
    state[1] = (b + (state[1] as number)) | 0
    state[2] = (c + (state[2] as number)) | 0
    state[3] = (d + (state[3] as number)) | 0
    state[4] = (e + (state[4] as number)) | 0
    state[5] = (f + (state[5] as number)) | 0
    state[6] = (g + (state[6] as number)) | 0
    state[7] = (h + (state[7] as number)) | 0
  }
  schedule.fill(0) // it may have been a secret
}

/** A SHA-256 that is fed in pieces; its digest has 32 bytes. */
export class Sha256 extends BlockHash {
  constructor() {
    super(INITIAL, compress)
  }
}

/** SHA-256 of `bytes`, 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Sha256().update(bytes).digest()
