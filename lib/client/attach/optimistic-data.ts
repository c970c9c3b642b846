/**
 * What a stream sent before CONNECTED: the opening message and the optimistic data, to be sent again on another
 * circuit. It has room for the window that a stream has without congestion control, so that all of it may be sent on
 * any circuit: 500 cells.
 *
 * It is kept cell by cell. A circuit that wants a short cell now and then (proposal 289) may need one cell more for it
 * than the one before, but never fewer: so a window that had room for all of it on one circuit is not opened by
 * another.
 *
 * @module
 */
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import type { CellSource } from '../../stream/contract/carrier.ts'
import { STREAM_WINDOW } from '../../stream/flow/windows.ts'

/** How many cells it is to hold. */
const CAPACITY: number = STREAM_WINDOW.cells

export class OptimisticData implements CellSource {
  #opening: { readonly command: number; readonly body: Uint8Array } | undefined
  /** One for each cell. None is empty. */
  #pieces: Uint8Array[] = []
  /** The piece, and the byte of it, that the current circuit gets next. */
  #piece = 0
  #offset = 0
  #bytes = 0

  /** BEGIN, BEGIN_DIR or RESOLVE. */
  get opening(): { readonly command: number; readonly body: Uint8Array } {
    if (this.#opening === undefined) throw new TypeError('Cannot replay a stream that has sent nothing')
    return this.#opening
  }

  /** How many cells more it is to take; below 0 when it was given more than that. */
  get room(): number {
    return CAPACITY - this.#pieces.length
  }

  /** How many bytes were taken from it to be sent again, all in all. */
  get bytes(): number {
    return this.#bytes
  }

  /** True when the current circuit has got everything. */
  get replayed(): boolean {
    return this.#piece === this.#pieces.length
  }

  /** How many cells the rest needs at least. */
  get cellsLeft(): number {
    const left = this.#pieces.length - this.#piece
    // The rest of a piece may find room in one cell with the next piece.
    return this.#offset > 0 && left > 1 ? left - 1 : left
  }

  /** Remembers the message that opens the stream. */
  open(command: number, body: Uint8Array): void {
    this.#opening = { command, body: new Uint8Array(body) }
  }

  /** A source that remembers what the current circuit takes from it. Everything before must be replayed. */
  tee(source: CellSource): CellSource {
    return {
      fill: (target, offset, size) => {
        const length = source.fill(target, offset, size)
        this.#add(new Uint8Array(target.subarray(offset, offset + length)))
        this.#piece = this.#pieces.length
        return length
      },
    }
  }

  /** Remembers `cells` cells of a source that no circuit has got yet. */
  drain(source: CellSource, cells: number): void {
    for (let cell = 0; cell < cells; cell++) {
      const buffer = new Uint8Array(MAX_DATA)
      this.#add(buffer.subarray(0, source.fill(buffer, 0, MAX_DATA)))
    }
  }

  /** Another circuit: it has got nothing yet. */
  rewind(): void {
    this.#piece = 0
    this.#offset = 0
  }

  /** A cell for the current circuit: one piece, or as much of it as fits, behind what is left of the piece before. */
  fill(target: Uint8Array, offset: number, size: number): number {
    const goesOn = this.#offset > 0
    let filled = this.#copy(target, offset, size)
    if (goesOn && this.#offset === 0 && !this.replayed) filled += this.#copy(target, offset + filled, size - filled)
    this.#bytes += filled
    return filled
  }

  /** The stream is connected, or over: nothing will be replayed. */
  clear(): void {
    this.#pieces = []
    this.#piece = 0
    this.#offset = 0
  }

  #add(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece)
  }

  /** Copies from the current piece, and goes on to the next when it has come to its end. */
  #copy(target: Uint8Array, offset: number, size: number): number {
    const piece = this.#pieces[this.#piece]
    if (piece === undefined) return 0
    const part = piece.subarray(this.#offset, this.#offset + size)
    target.set(part, offset)
    this.#offset += part.length
    if (this.#offset === piece.length) {
      this.#piece += 1
      this.#offset = 0
    }
    return part.length
  }
}
