/**
 * Whether a proof of work is one (proposal 327, "Service verifies PoW and accepts client"). It takes a program and eight
 * hashes, a millisecond or so.
 *
 * @module
 */
import { faultOf } from './equix.ts'
import { challengeOf, isWorth, solutionNumbers, type ProofOfWork, type Puzzle } from './puzzle.ts'

/** What is wrong with a proof. */
export type ProofFault = 'effort' | 'solution'

/** What is wrong with a proof for a service and a seed; undefined when nothing is. The effort is the one it claims. */
export function proofFault(
  { blindedKey, seed }: Pick<Puzzle, 'blindedKey' | 'seed'>,
  { nonce, effort, solution }: ProofOfWork,
): ProofFault | undefined {
  const challenge = challengeOf({ blindedKey, seed, effort }, nonce)
  // The cheaper question first.
  if (!isWorth(challenge, solution, effort)) return 'effort'
  return faultOf(challenge, solutionNumbers(solution)) === undefined ? undefined : 'solution'
}
