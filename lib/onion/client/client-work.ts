/**
 * The proofs of work of one client (proposal 327, "Client behavior"). What makes them is loaded when a service asks for the
 * first one, and makes one try at a time, for each in turn: it takes one core and some megabytes, however many services ask.
 *
 * @module
 */
import { clientEffort } from '../pow/client-effort.ts'
import type { Prover } from '../pow/prove.ts'
import type { ProofOfWork, Puzzle } from '../pow/puzzle.ts'
import type { OnionDescriptor } from '../descriptor/descriptor.ts'

/** How they are made. */
export interface WorkOptions {
  /** The greatest effort; Infinity for whatever clients make at most. */
  readonly maxEffort: number
  /** The user's own way. */
  readonly solve: ((puzzle: Puzzle, signal: AbortSignal) => Promise<ProofOfWork>) | undefined
}

export class ClientWork {
  readonly #options: WorkOptions | undefined
  #prove: Prover | undefined

  /** @param options - undefined where none are to be made */
  constructor(options: WorkOptions | undefined) {
    this.#options = options
  }

  /** Whether trying again may help, as more work is done then. */
  isRaisedFor({ proofOfWork }: OnionDescriptor): boolean {
    return proofOfWork !== undefined && this.#options !== undefined && this.#options.maxEffort > 0
  }

  /**
   * What an introduction brings to the service as a proof; undefined when none is asked for.
   *
   * @param failures - how many introductions by the same point came to nothing
   * @throws TorError `ABORTED`, or `ONION_INTRODUCTION_FAILED` when the user's way to make proofs made none
   */
  async proofFor(
    { proofOfWork, identity }: OnionDescriptor,
    failures: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (proofOfWork === undefined || this.#options === undefined) return undefined
    const effort = clientEffort(proofOfWork.effort, failures, this.#options.maxEffort)
    if (effort === 0) return undefined
    const puzzle = { blindedKey: identity.key, seed: proofOfWork.seed, effort }
    const { solve } = this.#options
    const { prover, provenBy } = await import('../pow/prove.ts')
    if (solve !== undefined) return await provenBy(solve, puzzle, signal)
    return await (this.#prove ??= prover())(puzzle, signal)
  }
}
