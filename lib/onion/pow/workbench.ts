/**
 * Puzzles that one client solves beside each other, on one core and in one memory: after each try it is the next one's turn.
 * So a service that asks for the work of minutes does not keep the client from another that asks for little.
 *
 * @module
 */
import { EquiXSolver } from './equix.ts'
import { tableMaker, type TableMaker } from './hashx/table-maker.ts'
import type { ProofOfWork, Puzzle } from './puzzle.ts'
import { solvePuzzle } from './solve.ts'

/** What is on the bench: some megabytes. */
interface Tools {
  readonly maker: TableMaker
  readonly solver: EquiXSolver
}

export class Workbench {
  readonly #makeMaker: () => Promise<TableMaker>
  /** While somebody works. */
  #tools: Promise<Tools> | undefined
  #working = 0
  /** Settles when the try under way is made or given up. */
  #turn: Promise<unknown> = Promise.resolve()

  /** @param makeMaker - for specs only */
  constructor(makeMaker: () => Promise<TableMaker> = tableMaker) {
    this.#makeMaker = makeMaker
  }

  /**
   * Solves a puzzle, as {@link solvePuzzle} does.
   *
   * @throws TorError `ABORTED`
   */
  async solve(puzzle: Puzzle, signal: AbortSignal): Promise<ProofOfWork> {
    this.#working += 1
    try {
      const tools = await (this.#tools ??= this.#makeTools())
      return await solvePuzzle(puzzle, { ...tools, signal, turn: (attempt) => this.#inTurn(attempt) })
    } finally {
      this.#working -= 1
      if (this.#working === 0) this.#tools = undefined
    }
  }

  async #makeTools(): Promise<Tools> {
    return { maker: await this.#makeMaker(), solver: new EquiXSolver() }
  }

  /** One after the other: who has had a turn asks for the next one behind all who wait. Each has one try in the line. */
  #inTurn<T>(attempt: () => Promise<T>): Promise<T> {
    const made = this.#turn.then(attempt)
    this.#turn = made.catch(() => undefined) // whoever asked is told
    return made
  }
}
