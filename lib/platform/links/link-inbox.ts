/**
 * What a link has received and its reader has not taken: bytes that arrive in one turn of the event loop leave as one
 * chunk, because decryption is much faster on large batches. While too much waits, the connection is held back.
 *
 * @module
 */
import type { TorError } from '../../base/errors.ts'

/** The longest chunk that leaves, in bytes: about 128 cells, where larger batches gain nothing more. */
export const LARGEST_CHUNK: number = 64 * 1024

/** How many bytes may wait for the reader before the connection pauses. */
export const INBOX_LIMIT: number = 256 * 1024

/** What holds a connection back. */
export interface ReadControl {
  /** Reads no more from the network. */
  pause(): unknown
  resume(): unknown
}

const setImmediate = (callback: () => void): void => {
  ;(globalThis as unknown as { setImmediate(callback: () => void): unknown }).setImmediate(callback)
}

/** Bytes between a connection and the controller of a readable, whose high-water mark is 0: pulls are the demand. */
export class LinkInbox {
  /** Set when the readable starts; undefined again when nothing more can be delivered. */
  controller: ReadableStreamDefaultController<Uint8Array> | undefined
  readonly #control: ReadControl
  /** Chunks of the full length that wait, oldest first. */
  readonly #full: Uint8Array[] = []
  /** What came after them, so far: the first `#filled` bytes. It is copied when it leaves, and used again. */
  #filling = new Uint8Array(LARGEST_CHUNK)
  #filled = 0
  /** All bytes that wait. */
  #size = 0
  /** A read waits for bytes. */
  #demand = false
  /** A delivery at the end of this turn is arranged. */
  #scheduled = false
  #paused = false
  #ended = false
  #cancelled = false
  #failure: TorError | undefined

  constructor(control: ReadControl) {
    this.#control = control
  }

  /** Takes a copy of the first `length` bytes of what arrived. */
  push(bytes: Uint8Array, length: number = bytes.length): void {
    if (this.#cancelled) return
    this.#keep(bytes, length)
    if (this.#size >= INBOX_LIMIT && !this.#paused) {
      this.#paused = true
      this.#control.pause()
    }
    this.#schedule()
  }

  /** A read waits. It gets one chunk a turn at most, so that whoever gets what is in the last one can keep up. */
  pull(): void {
    this.#demand = true
    this.#schedule()
  }

  /** No more will arrive. What is here is still delivered. */
  end(failure: TorError | undefined): void {
    this.#ended = true
    this.#failure = failure
    this.#deliver()
  }

  /** Nobody reads any more. */
  cancel(): void {
    this.#cancelled = true
    this.controller = undefined
    this.#full.length = 0
    this.#filled = 0
    this.#size = 0
  }

  #keep(bytes: Uint8Array, length: number): void {
    this.#size += length
    for (let at = 0; at < length;) {
      const end = Math.min(length, at + LARGEST_CHUNK - this.#filled)
      this.#filling.set(bytes.subarray(at, end), this.#filled)
      this.#filled += end - at
      at = end
      if (this.#filled === LARGEST_CHUNK) {
        this.#full.push(this.#filling)
        this.#filling = new Uint8Array(LARGEST_CHUNK)
        this.#filled = 0
      }
    }
  }

  #schedule(): void {
    if (this.#scheduled || !this.#demand || this.#size === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.controller === undefined) return
    if (this.#size > 0) {
      if (!this.#demand) return
      // Cleared first: enqueue() may call pull() before it returns.
      this.#demand = false
      const chunk = this.#take()
      if (this.#paused && this.#size < INBOX_LIMIT / 2) {
        this.#paused = false
        this.#control.resume()
      }
      this.controller.enqueue(chunk)
    }
    if (this.#ended && this.#size === 0) this.#finish()
  }

  /** The next chunk, in a buffer of its own. */
  #take(): Uint8Array {
    const full = this.#full.shift()
    const chunk = full ?? new Uint8Array(this.#filling.subarray(0, this.#filled))
    if (full === undefined) this.#filled = 0
    this.#size -= chunk.length
    return chunk
  }

  #finish(): void {
    const controller = this.controller
    this.controller = undefined
    if (this.#failure === undefined) controller?.close()
    else controller?.error(this.#failure)
  }
}
