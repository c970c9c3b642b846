/**
 * What a client loads with the first service that asks for a proof of work.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { isProof } from './check-puzzle.ts'
import { encodeProof, type ProofOfWork, type Puzzle } from './puzzle.ts'
import { proofFault } from './verify.ts'
import { Workbench } from './workbench.ts'

/** Makes proofs of one's own, several beside each other: the data of the extension that brings each. */
export type Prover = (puzzle: Puzzle, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>

export function prover(): Prover {
  const bench = new Workbench()
  return async (puzzle, signal) => encodeProof(await bench.solve(puzzle, signal), puzzle.seed)
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
