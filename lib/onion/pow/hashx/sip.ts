/**
 * SipHash as HashX has it: its round, and the two states that a seed makes.
 *
 * @module
 */
import { blake2b } from '@noble/hashes/blake2.js'
import { asciiBytes } from '../../../cell/bytes.ts'
import { add, exclusiveOr, rotateLeft, type Words } from './words.ts'

/** Words of a state. */
export const STATE_WORDS = 4

/** Ahead of zeros, up to the 16 bytes that BLAKE2b takes. */
const SALT = 'HashX v1'

/** One round, over the four words at these places. */
export function sipRound(words: Words, v0: number, v1: number, v2: number, v3: number): void {
  add(words, v0, words[v1] as number, words[v1 + 1] as number)
  add(words, v2, words[v3] as number, words[v3 + 1] as number)
  rotateLeft(words, v1, 13)
  rotateLeft(words, v3, 16)
  exclusiveOr(words, v1, v0)
  exclusiveOr(words, v3, v2)
  rotateLeft(words, v0, 32)
  add(words, v2, words[v1] as number, words[v1 + 1] as number)
  add(words, v0, words[v3] as number, words[v3 + 1] as number)
  rotateLeft(words, v1, 17)
  rotateLeft(words, v3, 21)
  exclusiveOr(words, v1, v2)
  exclusiveOr(words, v3, v0)
  rotateLeft(words, v2, 32)
}

/** As many rounds over the first four words. */
export function sipRounds(words: Words, count: number): void {
  for (let left = count; left > 0; left--) sipRound(words, 0, 2, 4, 6)
}

/** What a seed makes. */
export interface HashXKeys {
  /** What the program is drawn from. */
  readonly program: Words
  /** What the registers begin with. */
  readonly registers: Words
}

/** BLAKE2b of the seed, 64 bytes, as two states. */
export function hashXKeys(seed: Uint8Array): HashXKeys {
  const salt = new Uint8Array(16)
  salt.set(asciiBytes(SALT))
  const { buffer, byteOffset } = blake2b(seed, { dkLen: 64, salt })
  const view = new DataView(buffer, byteOffset)
  const state = (from: number): Words =>
    Int32Array.from({ length: 2 * STATE_WORDS }, (_, at) => view.getInt32(from + 4 * at, true))
  return { program: state(0), registers: state(32) }
}
