/**
 * What a service under attack asks of its clients (proposal 327, "v1"): a solution that cost work, more of it for a
 * greater effort, for this service and this seed.
 *
 * @module
 */
import { blake2b } from '@noble/hashes/blake2.js'
import { asciiBytes, ByteReader, ByteWriter } from '../../cell/bytes.ts'
import { SOLUTION_SIZE, type EquiXSolution } from './equix.ts'

/** A puzzle. It is plain data, which a page can post to a worker. */
export interface Puzzle {
  /** The service's blinded key in this time period, 32 bytes. */
  readonly blindedKey: Uint8Array
  /** 32 bytes, which the service changes every two hours. */
  readonly seed: Uint8Array
  /** How much work it shall be: about half as many tries, of 65,536 hashes each. */
  readonly effort: number
}

/** What solves a puzzle. It is plain data too. */
export interface ProofOfWork {
  /** 16 bytes. */
  readonly nonce: Uint8Array
  /** That of the puzzle. */
  readonly effort: number
  /** 16 bytes: eight numbers, of which each has its less significant byte first. */
  readonly solution: Uint8Array
}

const NAME = 'Tor hs intro v1\0'

export const KEY_SIZE = 32
export const SEED_SIZE = 32
export const NONCE_SIZE = 16

/** Bytes of a solution. */
export const SOLUTION_BYTES: number = 2 * SOLUTION_SIZE

/** By how many bytes of it a proof names its seed. */
export const SEED_HEAD_SIZE = 4

/** The greatest effort that can be said. */
export const LARGEST_EFFORT = 0xffff_ffff

/** The number of the scheme. */
const V1 = 1

/** What Equi-X is asked to solve for one nonce. */
export function challengeOf({ blindedKey, seed, effort }: Puzzle, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(asciiBytes(NAME)).bytes(blindedKey).bytes(seed).bytes(nonce).u32(effort).finish()
}

/** Whether a solution is a lucky one: one in so many is as the effort says. */
export function isWorth(challenge: Uint8Array, solution: Uint8Array, effort: number): boolean {
  const hash = blake2b.create({ dkLen: 4 }).update(challenge).update(solution).digest()
  const luck = new DataView(hash.buffer, hash.byteOffset).getUint32(0)
  // Beyond 2^53 the product is not exact, and far above the limit.
  return luck * effort <= LARGEST_EFFORT
}

/** A solution as its 16 bytes. */
export function solutionBytes(solution: EquiXSolution): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOLUTION_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [at, number] of solution.entries()) view.setUint16(2 * at, number, true)
  return bytes
}

/** The numbers of a solution of 16 bytes. */
export function solutionNumbers(bytes: Uint8Array): EquiXSolution {
  return Array.from(
    { length: bytes.length / 2 },
    (_, at) => (bytes[2 * at] as number) | ((bytes[2 * at + 1] as number) << 8),
  )
}

/** A proof as it came, with what it says of its seed. */
export interface ReceivedProof extends ProofOfWork {
  /** The first 4 bytes of the seed. */
  readonly seedHead: Uint8Array
}

/** The data of the extension of an INTRODUCE1 that brings a proof (rend-spec-v3, "PROOF_OF_WORK"). */
export function encodeProof({ nonce, effort, solution }: ProofOfWork, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = seed.subarray(0, SEED_HEAD_SIZE)
  return new ByteWriter().u8(V1).bytes(nonce).u32(effort).bytes(head).bytes(solution).finish()
}

/**
 * Reads the data of such an extension; bytes in it are views. Undefined for a scheme that is not known.
 *
 * @throws TorError `CELL_MALFORMED`
 */
export function decodeProof(data: Uint8Array): ReceivedProof | undefined {
  const reader = new ByteReader(data, 'proof of work')
  if (reader.u8() !== V1) return undefined
  const nonce = reader.take(NONCE_SIZE)
  const effort = reader.u32()
  const seedHead = reader.take(SEED_HEAD_SIZE)
  const solution = reader.take(SOLUTION_BYTES)
  reader.end()
  return { nonce, effort, seedHead, solution }
}
