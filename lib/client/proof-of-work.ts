/**
 * What a client does for onion services that ask for proofs of work: the option, checked. What it takes is loaded with the
 * first service that asks.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../base/checks.ts'
import type { WorkOptions } from '../onion/client/client-work.ts'
import type { ProofOfWork, Puzzle } from '../onion/pow/puzzle.ts'

/** How proofs of work are made, for onion services under attack that serve those first who have made one. */
export interface ProofOfWorkOptions {
  /**
   * No greater effort is made, and who asks for more gets this much. A try takes some 40 ms and more on one core, and half
   * as many tries are needed as the effort says: 100 are some 2 to 4 seconds.
   *
   * @defaultValue 10000, as C tor has it
   */
  readonly maxEffort?: number | undefined
  /**
   * Makes the proof, in a worker perhaps, where `solvePuzzle` of `tor-streams/pow` does it. It should stop when the signal
   * aborts. By default the client makes it itself, a few ms at a time.
   */
  readonly solve?: ((puzzle: Puzzle, signal: AbortSignal) => Promise<ProofOfWork>) | undefined
}

const PROOF_OF_WORK_OPTION_NAMES: OptionNames<ProofOfWorkOptions> = { maxEffort: true, solve: true }

/**
 * Checks the option `pow`. Undefined when no proofs are to be made.
 *
 * @throws TypeError naming the option
 */
export function checkProofOfWork(option: false | ProofOfWorkOptions = {}): WorkOptions | undefined {
  if (option === false) return undefined
  checkOptions(option, PROOF_OF_WORK_OPTION_NAMES, 'pow')
  const { maxEffort = Infinity, solve } = option
  const wrong = !(maxEffort >= 0) ? 'maxEffort' : typeof (solve ?? checkOptions) !== 'function' ? 'solve' : undefined
  if (wrong) throw new TypeError(`Cannot use the option pow.${wrong} as it is`)
  return { maxEffort, solve }
}
