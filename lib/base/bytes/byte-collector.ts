/**
 * Bytes that come in pieces, as one run of bytes. However small the pieces are, adding them takes work in proportion to
 * all bytes together: the buffer doubles.
 *
 * @module
 */

const FIRST_SIZE = 64

/** Collects bytes. */
export class ByteCollector {
  #buffer = new Uint8Array(0)
  #length = 0

  /** How many bytes there are. */
  get length(): number {
    return this.#length
  }

  /** All of them, as a view that holds until the next change. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Adds a copy of `piece`. */
  add(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const buffer = new Uint8Array(Math.max(FIRST_SIZE, length, 2 * this.#buffer.length))
      buffer.set(this.bytes)
      this.#buffer = buffer
    }
    this.#buffer.set(piece, this.#length)
    this.#length = length
  }

  /** Takes the first `count` bytes away, and holds no more memory than for the rest. Views of before stay valid. */
  drop(count: number): void {
    this.#buffer = this.#buffer.slice(count, this.#length)
    this.#length = this.#buffer.length
  }
}
