/**
 * The running digest of relay cells with an onion service (rend-spec-v3, "Rendezvous protocol") in JavaScript: SHA3-256
 * (FIPS 202) that can be read after every cell. But for the seed it takes whole cells only.
 *
 * @module
 */
import { BODY_SIZE } from '../../../cell/body-size.ts'
import { DIGEST } from '../../../cell/relay/relay-cell-v0.ts'
import { permute, STATE_WORDS } from './keccak.ts'
import type { LongHash, RunningDigest } from './running-digest.ts'
import type { Sha3Functions } from './sha3-functions.ts'

/** Bytes of a block: what one permutation takes in. */
const RATE = 136

/** Bytes of the digest that stand in a cell, and of a tag. */
const FIELD_SIZE = 4
const TAG_SIZE = 20

/** What tells the functions apart, and the first bit of the padding (FIPS 202, section B.2). */
const SHA3 = 0x06
const SHAKE = 0x1f

/** Bytes of a digest. */
const DIGEST_SIZE = 32

/** A {@link RunningDigest} of SHA3-256 without native code. */
export class Sha3RunningDigest implements RunningDigest {
  // Invariant: #state has taken in all that was added, of which #filled bytes are not permuted yet.
  #state = new Int32Array(STATE_WORDS)
  #filled = 0
  /** What the state becomes with the next cell; it counts only once that is known to be right. */
  #next = new Int32Array(STATE_WORDS)
  /** Finished, each of its own state: what can be read is in its first words. */
  #digest = new Int32Array(STATE_WORDS)
  #nextDigest = new Int32Array(STATE_WORDS)

  /** Takes in `seed`, Df or Db. */
  constructor(seed: Uint8Array) {
    this.#filled = absorb(this.#state, 0, seed, 0, seed.length)
    finish(this.#state, this.#filled, this.#digest)
  }

  seal(bodies: Uint8Array, offset: number): void {
    const filled = this.#hash(bodies, offset)
    writeWord(bodies, offset + DIGEST, this.#nextDigest[0] as number)
    this.#commit(filled)
  }

  verify(bodies: Uint8Array, offset: number): boolean {
    const filled = this.#hash(bodies, offset)
    if ((readWord(bodies, offset + DIGEST) ^ (this.#nextDigest[0] as number)) !== 0) return false
    this.#commit(filled)
    return true
  }

  tag(): Uint8Array {
    const tag = new Uint8Array(TAG_SIZE)
    for (let at = 0; at < TAG_SIZE; at += 4) writeWord(tag, at, this.#digest[at / 4] as number)
    return tag
  }

  /** Computes #next and #nextDigest as if the cell at `offset` were added, with a digest field of zero. */
  #hash(bodies: Uint8Array, offset: number): number {
    const state = this.#next
    state.set(this.#state)
    const field = offset + DIGEST
    let filled = absorb(state, this.#filled, bodies, offset, field)
    // Zeros change nothing but the place.
    for (let left = FIELD_SIZE; left > 0; left--) {
      if (++filled === RATE) {
        permute(state)
        filled = 0
      }
    }
    filled = absorb(state, filled, bodies, field + FIELD_SIZE, offset + BODY_SIZE)
    finish(state, filled, this.#nextDigest)
    return filled
  }

  #commit(filled: number): void {
    const state = this.#state
    this.#state = this.#next
    this.#next = state
    const digest = this.#digest
    this.#digest = this.#nextDigest
    this.#nextDigest = digest
    this.#filled = filled
  }
}

/** SHA3-256 of what is long. */
export class Sha3Hash implements LongHash {
  readonly #state = new Int32Array(STATE_WORDS)
  #filled = 0

  update(bytes: Uint8Array): void {
    this.#filled = absorb(this.#state, this.#filled, bytes, 0, bytes.length)
  }

  digest(): Uint8Array {
    const words = new Int32Array(STATE_WORDS)
    finish(this.#state, this.#filled, words)
    const digest = new Uint8Array(DIGEST_SIZE)
    for (let at = 0; at < DIGEST_SIZE; at += 4) writeWord(digest, at, words[at / 4] as number)
    return digest
  }
}

/** Takes in the bytes of `bytes` from `from` up to `to`. Returns how many of the block are filled then. */
function absorb(state: Int32Array, filled: number, bytes: Uint8Array, from: number, to: number): number {
  let place = filled
  let at = from
  while (at < to) {
    if ((place & 3) === 0 && to - at >= 4) {
      const word = place >>> 2
      state[word] = (state[word] as number) ^ readWord(bytes, at)
      at += 4
      place += 4
    } else {
      addByte(state, place, bytes[at] as number)
      at += 1
      place += 1
    }
    if (place === RATE) {
      permute(state)
      place = 0
    }
  }
  return place
}

/** The two functions without native code. What they leave behind is overwritten: it may be of secrets. */
export const sha3Functions: Sha3Functions = {
  sha3: (...parts) => sponge(SHA3, parts, DIGEST_SIZE),
  shake256: (length, ...parts) => sponge(SHAKE, parts, length),
}

/** The sponge (FIPS 202, section 4). */
function sponge(suffix: number, parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const state = new Int32Array(STATE_WORDS)
  let filled = 0
  for (const part of parts) filled = absorb(state, filled, part, 0, part.length)
  pad(state, filled, suffix)
  const output = new Uint8Array(length)
  for (let at = 0; at < length; at++) {
    const place = at % RATE
    if (place === 0) permute(state)
    output[at] = (state[place >>> 2] as number) >>> (8 * (place & 3))
  }
  state.fill(0)
  return output
}

/** Copies a state and finishes the copy: padding and the last permutation. */
function finish(state: Int32Array, filled: number, digest: Int32Array): void {
  digest.set(state)
  pad(digest, filled, SHA3)
  permute(digest)
}

/** Fills the last block (FIPS 202, section B.2). */
function pad(state: Int32Array, filled: number, suffix: number): void {
  addByte(state, filled, suffix)
  addByte(state, RATE - 1, 0x80)
}

function addByte(state: Int32Array, place: number, byte: number): void {
  const word = place >>> 2
  state[word] = (state[word] as number) ^ (byte << (8 * (place & 3)))
}

/** Little-endian, as lanes are. */
const readWord = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24)

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word
  bytes[at + 1] = word >>> 8
  bytes[at + 2] = word >>> 16
  bytes[at + 3] = word >>> 24
}
