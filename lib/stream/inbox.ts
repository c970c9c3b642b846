/**
 * Bytes of DATA cells that the application has not taken yet, and how many cells they came in. The deliver window bounds it.
 *
 * @module
 */

/** A queue of bytes that knows the cells they came in. */
export class Inbox {
  /** Where bytes lie: pieces of other buffers until `own` copies them, then one buffer of exactly their size. */
  #pieces: Uint8Array[] = []
  /** Bytes of the first piece that were taken already. */
  #taken = 0
  /** How many of the first pieces are ours. */
  #owned = 0
  #size = 0
  /** The cells' lengths, oldest first from `#firstCell` on. */
  #cells: number[] = []
  #firstCell = 0
  /** Bytes of the oldest cell that were taken already. */
  #takenOfCell = 0

  /** Bytes that wait. */
  get size(): number {
    return this.#size
  }

  /** Adds one cell's bytes; the buffer holds them until `own` at least. */
  push(bodies: Uint8Array, offset: number, length: number): void {
    this.#cells.push(length)
    this.#size += length
    if (length > 0) this.#pieces.push(bodies.subarray(offset, offset + length))
  }

  /** Copies what still lies in other buffers: whoever does not read must not keep a whole batch of cells alive. */
  own(): void {
    const borrowed = this.#pieces.slice(this.#owned)
    if (borrowed.length > 0) {
      if (this.#owned === 0 && this.#taken > 0) {
        borrowed[0] = (borrowed[0] as Uint8Array).subarray(this.#taken)
        this.#taken = 0
      }
      this.#pieces.length = this.#owned
      this.#pieces.push(joined(borrowed))
      this.#owned += 1
    }
  }

  /** Takes up to `most` bytes as a fresh array of exactly their size. */
  take(most: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.min(most, this.#size))
    this.takeInto(bytes)
    return bytes
  }

  /** Takes as many bytes as fit into `target`, and returns how many. */
  takeInto(target: Uint8Array): number {
    const wanted = Math.min(target.length, this.#size)
    let filled = 0
    let piece = 0
    while (filled < wanted) {
      const bytes = this.#pieces[piece] as Uint8Array
      const length = Math.min(bytes.length - this.#taken, wanted - filled)
      target.set(this.#taken === 0 && length === bytes.length ? bytes : bytes.subarray(this.#taken, this.#taken + length), filled)
      filled += length
      this.#taken += length
      if (this.#taken === bytes.length) {
        piece += 1
        this.#taken = 0
      }
    }
    if (piece > 0) {
      this.#pieces.splice(0, piece)
      this.#owned = Math.max(0, this.#owned - piece)
    }
    this.#size -= wanted
    this.#takenOfCell += wanted
    return wanted
  }

  /** Drops every byte. */
  clear(): void {
    this.#takenOfCell += this.#size
    this.#size = 0
    this.#pieces = []
    this.#taken = 0
    this.#owned = 0
  }

  /** How many cells were taken to their last byte since the last call. A cell without bytes counts once those before it are taken. */
  finishedCells(): number {
    const first = this.#firstCell
    let next = first
    while (next < this.#cells.length && (this.#cells[next] as number) <= this.#takenOfCell) {
      this.#takenOfCell -= this.#cells[next] as number
      next += 1
    }
    if (next === this.#cells.length) {
      this.#cells.length = 0
      this.#firstCell = 0
    } else if (next > 1024) {
      this.#cells.splice(0, next)
      this.#firstCell = 0
    } else {
      this.#firstCell = next
    }
    return next - first
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
