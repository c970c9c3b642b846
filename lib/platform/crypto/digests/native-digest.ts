/**
 * The running digest of relay cells (tor-spec, "Relay cell digests") by node:crypto. SHA-1 is for Bun, whose native hash
 * is cheap to copy: on Node and Deno the copy costs more than the whole of sha1.ts. SHA3-256 is for all of them.
 *
 * @module
 */
import { DIGEST } from '../../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../cell/body-size.ts'
import type { RunningDigest } from './running-digest.ts'

/** The part of a node:crypto hash that the digest needs. */
export interface NativeHash {
  update(data: Uint8Array): unknown
  copy(): NativeHash
  digest(): Uint8Array
}

/** The part of node:crypto that the digest needs. */
export interface HashModule {
  createHash(algorithm: string, options?: { readonly outputLength: number }): NativeHash
}

/** Bytes of a tag. */
const TAG_SIZE = 20

/** After so many cells the state is kept to go back to, as a copy costs as much as to digest some of them. */
const CELLS_BETWEEN = 16

/** A {@link RunningDigest} by a native hash. */
export class NativeRunningDigest implements RunningDigest {
  #hash: NativeHash
  #tag: Uint8Array
  /** What the digest was some cells ago, and those cells: to go back to when one that is none of it was added. */
  #before: NativeHash | undefined
  #since: Uint8Array | undefined
  #count = 0

  /** Takes in `seed`, Df or Db of tor-spec, "Setting circuit keys". */
  constructor(crypto: HashModule, seed: Uint8Array, algorithm: 'sha1' | 'sha3-256' = 'sha1') {
    this.#hash = crypto.createHash(algorithm)
    this.#hash.update(seed)
    this.#tag = this.#hash.copy().digest()
  }

  seal(bodies: Uint8Array, offset: number): void {
    const field = offset + DIGEST
    bodies.fill(0, field, field + 4)
    this.#hash.update(bodies.subarray(offset, offset + BODY_SIZE))
    this.#before = undefined
    this.#tag = this.#hash.copy().digest()
    bodies.set(this.#tag.subarray(0, 4), field)
  }

  verify(bodies: Uint8Array, offset: number): boolean {
    const field = offset + DIGEST
    const word = readWord(bodies, field)
    if (this.#before === undefined || this.#count === CELLS_BETWEEN) {
      this.#before = this.#hash.copy()
      this.#count = 0
    }
    bodies.fill(0, field, field + 4)
    const cell = bodies.subarray(offset, offset + BODY_SIZE)
    this.#hash.update(cell)
    const tag = this.#hash.copy().digest()
    this.#since ??= new Uint8Array(CELLS_BETWEEN * BODY_SIZE)
    this.#since.set(cell, this.#count * BODY_SIZE)
    writeWord(bodies, field, word)
    if ((word ^ readWord(tag, 0)) !== 0) {
      this.#hash = this.#before.copy()
      this.#hash.update(this.#since.subarray(0, this.#count * BODY_SIZE))
      return false
    }
    this.#count += 1
    this.#tag = tag
    return true
  }

  tag(): Uint8Array {
    return new Uint8Array(this.#tag.subarray(0, TAG_SIZE))
  }
}

const readWord = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}
