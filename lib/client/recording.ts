/**
 * What a stream sent before CONNECTED: the opening message and the optimistic data, to be sent again on another circuit. The stream's
 * window bounds it: 500 cells.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay-cell-v0.ts'
import type { CellSource } from '../stream/carrier.ts'

export class Recording implements CellSource {
  #opening: { readonly command: number; readonly body: Uint8Array } | undefined
  #pieces: Uint8Array[] = []
  /** The piece, and the byte of it, that the current circuit gets next. */
  #piece = 0
  #offset = 0
  #bytesLeft = 0
  #cells = 0

  /** BEGIN, BEGIN_DIR or RESOLVE. */
  get opening(): { readonly command: number; readonly body: Uint8Array } {
    if (this.#opening === undefined) throw new TypeError('Cannot replay a stream that has sent nothing')
    return this.#opening
  }

  /** DATA cells that the current circuit got. */
  get cells(): number {
    return this.#cells
  }

  /** True when the current circuit has got everything. */
  get replayed(): boolean {
    return this.#bytesLeft === 0
  }

  /** How many cells the rest needs at least. */
  get cellsLeft(): number {
    return Math.ceil(this.#bytesLeft / MAX_DATA)
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
        this.#pieces.push(new Uint8Array(target.subarray(offset, offset + length)))
        this.#piece = this.#pieces.length
        this.#cells += 1
        return length
      },
    }
  }

  /** Remembers `cells` cells of a source that no circuit has got yet. */
  drain(source: CellSource, cells: number): void {
    for (let cell = 0; cell < cells; cell++) {
      const buffer = new Uint8Array(MAX_DATA)
      const length = source.fill(buffer, 0, MAX_DATA)
      this.#pieces.push(buffer.subarray(0, length))
      this.#bytesLeft += length
    }
  }

  /** Another circuit: it has got nothing yet. */
  rewind(): void {
    this.#piece = 0
    this.#offset = 0
    this.#cells = 0
    this.#bytesLeft = this.#pieces.reduce((bytes, piece) => bytes + piece.length, 0)
  }

  fill(target: Uint8Array, offset: number, size: number): number {
    let filled = 0
    while (filled < size && this.#piece < this.#pieces.length) {
      const piece = this.#pieces[this.#piece] as Uint8Array
      const part = piece.subarray(this.#offset, this.#offset + size - filled)
      target.set(part, offset + filled)
      filled += part.length
      this.#offset += part.length
      if (this.#offset === piece.length) {
        this.#piece += 1
        this.#offset = 0
      }
    }
    this.#bytesLeft -= filled
    this.#cells += 1
    return filled
  }

  /** The stream is connected, or over: nothing will be replayed. */
  clear(): void {
    this.#pieces = []
    this.#piece = 0
    this.#offset = 0
    this.#bytesLeft = 0
  }
}
