/**
 * `tor-streams/pow`: makes the proofs of work that onion services under attack ask for, in a worker of a page's or
 * program's own. A client makes them itself otherwise; see the option `pow` of `TorClient.open`.
 *
 * @module tor-streams/pow
 */
export { TorError, type ErrorCode } from './base/errors.ts'
export type { ProofOfWork, Puzzle } from './onion/pow/puzzle.ts'
export { solvePuzzle, type SolveOptions } from './onion/pow/solve.ts'
