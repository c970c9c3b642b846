/**
 * Solving puzzles: nonce after nonce, until a solution is worth the effort.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { checkPuzzle } from './check-puzzle.ts'
import { EquiXSolver } from './equix.ts'
import { tableMaker, type TableMaker } from './hashx/table-maker.ts'
import { challengeOf, isWorth, NONCE_SIZE, solutionBytes, type ProofOfWork, type Puzzle } from './puzzle.ts'

/** The greatest effort that is made where nothing may be compiled: some ten seconds. */
export const MAX_INTERPRETED_EFFORT = 20

/** What there is beside the puzzle. */
export interface SolveOptions {
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
  /** The first nonce, 16 bytes; random by default. @internal */
  readonly nonce?: Uint8Array | undefined
  /** Who makes the hashes. @internal */
  readonly maker?: TableMaker | undefined
  /** What looks for solutions in them. @internal */
  readonly solver?: EquiXSolver | undefined
  /** Makes a try when it is this puzzle's turn. @internal */
  readonly turn?: (<T>(attempt: () => Promise<T>) => Promise<T>) | undefined
  /** Lets other tasks have their turn. @internal */
  readonly pause?: (() => Promise<void>) | undefined
}

/**
 * Solves a puzzle. It takes about half as many tries as the effort says, of 40 ms and more each on one core, and other
 * tasks have their turn some four times in each. Where WebAssembly may not be compiled, a try takes a second, and the effort
 * made is 20 at most.
 *
 * @throws TypeError or RangeError naming what is wrong with the puzzle
 * @throws TorError `ABORTED`
 */
export async function solvePuzzle(puzzle: Puzzle, options: SolveOptions = {}): Promise<ProofOfWork> {
  checkPuzzle(puzzle)
  const { signal, pause = nextTask, turn = atOnce, solver = new EquiXSolver() } = options
  const goOn = (): void => {
    if (signal?.aborted === true)
      throw new TorError('ABORTED', 'the proof of work is not wanted any more', { cause: signal.reason })
  }
  const yielded = async (): Promise<void> => {
    await pause()
    goOn()
  }
  const maker = options.maker ?? (await tableMaker())
  const effort = maker.isCompiled ? puzzle.effort : Math.min(puzzle.effort, MAX_INTERPRETED_EFFORT)
  const nonce = new Uint8Array(options.nonce ?? crypto.getRandomValues(new Uint8Array(NONCE_SIZE)))
  for (; ; increment(nonce)) {
    const challenge = challengeOf({ ...puzzle, effort }, nonce)
    const solution = await turn(async () => {
      goOn()
      const table = await maker.make(challenge, yielded)
      await yielded()
      const solutions = table === undefined ? [] : solver.solve(table)
      return solutions.map(solutionBytes).find((bytes) => isWorth(challenge, bytes, effort))
    })
    if (solution !== undefined) return { nonce, effort, solution }
  }
}

const atOnce = <T>(attempt: () => Promise<T>): Promise<T> => attempt()

/**
 * Lets other tasks have their turn. A timer would wait 4 ms in a browser, which is as much as the work between two of
 * them; workerd has no other by default.
 */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof MessageChannel === 'undefined') return void setTimeout(resolve)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/** The next number, of which the least significant byte is the first. */
function increment(nonce: Uint8Array): void {
  for (let at = 0; at < nonce.length; at++) {
    nonce[at] = (nonce[at] as number) + 1
    if (nonce[at] !== 0) return
  }
}
