/**
 * What a client loads with the first service that asks for a proof of work.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { isProof } from './check-puzzle.ts'
import { encodeProof, type ProofOfWork, type Puzzle } from './puzzle.ts'
import { solvePuzzle } from './solve.ts'
import { proofFault } from './verify.ts'

/** Makes a proof of one's own: the data of the extension that brings it. */
export async function prove(puzzle: Puzzle, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return encodeProof(await solvePuzzle(puzzle, { signal }), puzzle.seed)
}

/**
 * A proof that somebody else makes. What is none is not sent: the service would say nothing, and drop the client.
 *
 * @throws TorError `ONION_INTRODUCTION_FAILED`, `ABORTED`
 */
export async function provenBy(
  solve: (puzzle: Puzzle, signal: AbortSignal) => Promise<ProofOfWork>,
  puzzle: Puzzle,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  let proof: ProofOfWork
  try {
    proof = await solve(puzzle, signal)
  } catch (cause) {
    if (signal.aborted) throw new TorError('ABORTED', 'the proof of work is not wanted any more', { cause })
    throw new TorError('ONION_INTRODUCTION_FAILED', 'pow.solve made no proof of work for the onion service', { cause })
  }
  if (!isProof(proof) || proof.effort > puzzle.effort || proofFault(puzzle, proof) !== undefined)
    throw new TorError('ONION_INTRODUCTION_FAILED', 'what pow.solve made is no proof of work for the onion service')
  return encodeProof(proof, puzzle.seed)
}
