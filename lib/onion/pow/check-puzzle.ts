/**
 * Puzzles and proofs from elsewhere: from whoever calls, from a worker.
 *
 * @module
 */
import {
  KEY_SIZE,
  LARGEST_EFFORT,
  NONCE_SIZE,
  SEED_SIZE,
  SOLUTION_BYTES,
  type ProofOfWork,
  type Puzzle,
} from './puzzle.ts'

/**
 * Checks the form of a puzzle.
 *
 * @throws TypeError or RangeError naming what is wrong
 */
export function checkPuzzle(puzzle: Puzzle): void {
  if (typeof puzzle !== 'object' || puzzle === null) throw new TypeError('Cannot solve a puzzle that is no object')
  const { blindedKey, seed, effort } = puzzle
  if (!isBytes(blindedKey, KEY_SIZE))
    throw new TypeError(`Cannot solve a puzzle whose blindedKey is not ${KEY_SIZE} bytes`)
  if (!isBytes(seed, SEED_SIZE)) throw new TypeError(`Cannot solve a puzzle whose seed is not ${SEED_SIZE} bytes`)
  if (!isEffort(effort)) throw new RangeError('Cannot solve a puzzle whose effort is no whole number of 32 bits')
}

/** Whether it has the form of a proof. */
export function isProof(proof: ProofOfWork): boolean {
  return (
    typeof proof === 'object' &&
    proof !== null &&
    isBytes(proof.nonce, NONCE_SIZE) &&
    isBytes(proof.solution, SOLUTION_BYTES) &&
    isEffort(proof.effort)
  )
}

const isBytes = (bytes: unknown, size: number): boolean => bytes instanceof Uint8Array && bytes.length === size

const isEffort = (effort: unknown): boolean =>
  Number.isInteger(effort) && (effort as number) >= 0 && (effort as number) <= LARGEST_EFFORT
