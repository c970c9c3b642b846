/**
 * Bytes of DATA cells that the application has not taken yet. The stream's flow control and its `receiveBufferLimit`
 * bound it.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'

/**
 * A shorter piece of ours is joined with what comes behind it, in bytes: many small ones would take many times their
 * size.
 */
const SHORT_PIECE = 4096

/** A queue of bytes. */
export class Inbox {
  /** Where bytes lie: pieces of other buffers until `own` copies them, then one buffer of exactly their size. */
  #pieces: Uint8Array[] = []
  /** Bytes of the first piece that were taken already. */
  #taken = 0
  /** How many of the first pieces are ours. */
  #owned = 0
  #size = 0

  /** Bytes that wait. */
  get size(): number {
    return this.#size
  }

  /** Adds one cell's bytes; the buffer holds them until `own` at least. */
  push(bodies: Uint8Array, offset: number, length: number): void {
    this.#size += length
    if (length > 0) this.#pieces.push(bodies.subarray(offset, offset + length))
  }

  /** Copies what still lies in other buffers: whoever does not read must not keep a whole batch of cells alive. */
  own(): void {
    if (this.#pieces.length === this.#owned) return
    const last = this.#pieces[this.#owned - 1]
    const from = last !== undefined && last.length < SHORT_PIECE ? this.#owned - 1 : this.#owned
    this.#pieces.push(joinBytes(this.#pieces.splice(from)))
    this.#owned = from + 1
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
      target.set(
        this.#taken === 0 && length === bytes.length ? bytes : bytes.subarray(this.#taken, this.#taken + length),
        filled,
      )
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
    return wanted
  }

  /** Drops every byte. */
  clear(): void {
    this.#size = 0
    this.#pieces = []
    this.#taken = 0
    this.#owned = 0
  }
}
