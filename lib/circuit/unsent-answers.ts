/**
 * Answers of ours that the link has not taken. They go without credit, so whoever stands at a circuit's far end can ask
 * for as many as he likes: where the link takes nothing meanwhile, they would fill this side's memory.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import type { Hop } from './hop.ts'

/** As many cells as C tor lets wait in a circuit (`circ_max_cell_queue_size_out`; `append_cell_to_circuit_queue`). */
export const MOST_UNSENT_ANSWERS = 2500

/** What begins a stream or a lookup: nobody but the application brings these about. */
const BEGINNINGS: ReadonlySet<number> = new Set([RelayCommand.BEGIN, RelayCommand.BEGIN_DIR, RelayCommand.RESOLVE])

/**
 * True for a message that the far end may have brought about. Where it begins no streams, an END is for one that the
 * application has begun.
 */
export function isAnswer(hop: Pick<Hop, 'acceptor'>, command: number): boolean {
  return !BEGINNINGS.has(command) && (command !== RelayCommand.END || hop.acceptor !== undefined)
}

/** Those of one circuit. */
export class UnsentAnswers {
  /** For each how many cells of the circuit were sealed up to it, oldest first. */
  readonly #places: number[] = []

  /**
   * One more is sealed. False when too many wait.
   *
   * @param place - how many cells of the circuit are sealed now
   * @param taken - how many of them the link has taken
   */
  add(place: number, taken: number): boolean {
    while ((this.#places[0] ?? Infinity) <= taken) this.#places.shift()
    this.#places.push(place)
    return this.#places.length <= MOST_UNSENT_ANSWERS
  }
}
