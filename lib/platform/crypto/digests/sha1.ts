/**
 * The running digest of relay cells (tor-spec, "Relay cell digests") in JavaScript: SHA-1 that can be read after every
 * cell. Faster on Node, Deno and Chromium than copying a native hash for each cell. It is no general hash, but for the
 * seed it takes whole cells only.
 *
 * @module
 */
import { DIGEST } from '../../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../cell/body-size.ts'
import type { RunningDigest } from './running-digest.ts'
import { BLOCK_SIZE } from '../../../base/hashes/block-hash.ts'
import { compress } from '../../../base/hashes/sha1-block.ts'

/** Bytes of a SHA-1 digest. */
const DIGEST_SIZE = 20

/**
 * Cells are copied one after the other into a buffer of this size; what is not yet part of a whole block, at most 63
 * bytes, moves to its start when the next cell no longer fits. Each hop of each circuit has two, so it is not larger
 * than it need be.
 */
const BUFFER_SIZE = 1024

/** The most that padding adds: 0x80, zeros and the length may need one block more. */
const MAX_PADDING = BLOCK_SIZE + 8

/** Bytes of the message's length in bits at the end of the padding. */
const LENGTH_SIZE = 8

/** A {@link RunningDigest} without native code. */
export class Sha1RunningDigest implements RunningDigest {
  readonly #buffer = new Uint8Array(BUFFER_SIZE)
  readonly #view = new DataView(this.#buffer.buffer)
  // Invariant: #state has taken in every whole block, #buffer[#start, #end) is the rest, and both together have #length
  // bytes.
  #state = new Int32Array([0x67452301, -0x10325477, -0x67452302, 0x10325476, -0x3c2d1e10])
  #start = 0
  #end = 0
  #length = 0
  /** The finished digest of all that was added. */
  #digest = new Int32Array(5)
  // What #hash makes of the next cell; it counts only after #commit.
  #nextState = new Int32Array(5)
  #nextDigest = new Int32Array(5)

  /** Takes in `seed`, Df or Db of tor-spec, "Setting circuit keys"; at most a few hundred bytes. */
  constructor(seed: Uint8Array) {
    if (seed.length > BUFFER_SIZE - MAX_PADDING) throw new RangeError(`"seed" is too long: got ${seed.length} bytes`)
    this.#buffer.set(seed)
    this.#hash(seed.length)
    this.#commit(seed.length)
  }

  seal(bodies: Uint8Array, offset: number): void {
    this.#hashCell(bodies, offset)
    const word = this.#nextDigest[0] as number
    const at = offset + DIGEST
    bodies[at] = word >>> 24
    bodies[at + 1] = word >>> 16
    bodies[at + 2] = word >>> 8
    bodies[at + 3] = word
    this.#commit(BODY_SIZE)
  }

  verify(bodies: Uint8Array, offset: number): boolean {
    const word = this.#hashCell(bodies, offset)
    if ((word ^ (this.#nextDigest[0] as number)) !== 0) return false
    this.#commit(BODY_SIZE)
    return true
  }

  tag(): Uint8Array {
    const tag = new Uint8Array(DIGEST_SIZE)
    const view = new DataView(tag.buffer)
    for (let word = 0; word < 5; word++) view.setInt32(4 * word, this.#digest[word] as number)
    return tag
  }

  /** Hashes the cell at `offset` with a digest field of zero. Returns what the field holds. */
  #hashCell(bodies: Uint8Array, offset: number): number {
    if (this.#end > BUFFER_SIZE - BODY_SIZE - MAX_PADDING) {
      this.#buffer.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    const at = this.#end
    this.#buffer.set(bodies.subarray(offset, offset + BODY_SIZE), at)
    const word = this.#view.getInt32(at + DIGEST)
    this.#view.setInt32(at + DIGEST, 0)
    this.#hash(BODY_SIZE)
    return word
  }

  /** Computes #nextState and #nextDigest as if the `size` bytes behind #end were added. */
  #hash(size: number): void {
    const buffer = this.#buffer
    const view = this.#view
    const state = this.#nextState
    const digest = this.#nextDigest
    const start = this.#start
    const end = this.#end + size
    const whole = end - ((end - start) % BLOCK_SIZE)
    copyWords(this.#state, state)
    compress(state, view, start, whole)

    const padded = whole + (end - whole < BLOCK_SIZE - LENGTH_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE)
    buffer[end] = 0x80
    buffer.fill(0, end + 1, padded - LENGTH_SIZE)
    const length = this.#length + size
    view.setUint32(padded - 8, Math.floor(length / 0x2000_0000))
    view.setUint32(padded - 4, length << 3)
    copyWords(state, digest)
    compress(digest, view, whole, padded)
  }

  /** Makes the `size` bytes that were hashed last part of the digest. */
  #commit(size: number): void {
    const state = this.#state
    this.#state = this.#nextState
    this.#nextState = state
    const digest = this.#digest
    this.#digest = this.#nextDigest
    this.#nextDigest = digest
    this.#end += size
    this.#length += size
    this.#start = this.#end - ((this.#end - this.#start) % BLOCK_SIZE)
  }
}

function copyWords(from: Int32Array, to: Int32Array): void {
  to[0] = from[0] as number
  to[1] = from[1] as number
  to[2] = from[2] as number
  to[3] = from[3] as number
  to[4] = from[4] as number
}
